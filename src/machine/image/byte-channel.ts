/** Bytes from one loop to another, at the pace of the slower one. */
export interface ByteChannel extends AsyncIterable<Uint8Array> {
  /** Resolves when there is room for more. Chunks for a reader that has stopped reading are dropped. */
  write(chunk: Uint8Array): Promise<void>
  end(): void
  /** The reader gets the error instead of what is left. */
  fail(error: unknown): void
}

/** @param roomBytes how far the writer may be ahead. */
export function openByteChannel(roomBytes: number): ByteChannel {
  const chunks: Uint8Array[] = []
  let waitingBytes = 0
  let over: { readonly is: 'end' } | { readonly is: 'error'; readonly error: unknown } | undefined
  let readerIsGone = false
  let wakeReader: (() => void) | undefined
  let wakeWriter: (() => void) | undefined

  return { write, end: () => finish({ is: 'end' }), fail: (error) => finish({ is: 'error', error }), ...iterable() }

  async function write(chunk: Uint8Array): Promise<void> {
    if (readerIsGone || over !== undefined) return
    chunks.push(chunk)
    waitingBytes += chunk.length
    wakeReader?.()
    while (waitingBytes > roomBytes && !hasStopped()) {
      await new Promise<void>((resolve) => (wakeWriter = resolve))
    }
  }

  function hasStopped(): boolean {
    return readerIsGone || over !== undefined
  }

  function finish(how: NonNullable<typeof over>): void {
    over ??= how
    wakeReader?.()
    wakeWriter?.()
  }

  function iterable(): AsyncIterable<Uint8Array> {
    return { [Symbol.asyncIterator]: read }
  }

  async function* read(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        if (over?.is === 'error') throw over.error as Error
        const chunk = chunks.shift()
        if (chunk !== undefined) {
          waitingBytes -= chunk.length
          wakeWriter?.()
          yield chunk
        } else if (over === undefined) {
          await new Promise<void>((resolve) => (wakeReader = resolve))
        } else {
          return
        }
      }
    } finally {
      readerIsGone = true
      chunks.length = 0
      wakeWriter?.()
    }
  }
}
