/** Ends with the signal's reason as soon as it is aborted, even while the source gives nothing. */
export async function* abortable(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  signal.throwIfAborted()
  const iterator = source[Symbol.asyncIterator]()
  let stopWaiting: (reason: unknown) => void = () => undefined
  const onAbort = () => stopWaiting(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    for (;;) {
      signal.throwIfAborted()
      const next = await new Promise<IteratorResult<Uint8Array, unknown>>((resolve, reject) => {
        stopWaiting = reject
        iterator.next().then(resolve, reject)
      })
      if (next.done === true) return
      yield next.value
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    // Not waited for: a source that is silent does not answer this either. It has nothing more to say that matters.
    iterator.return?.().then(
      () => undefined,
      () => undefined,
    )
  }
}
