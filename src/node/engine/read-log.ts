import { watch } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { LogLines } from './log-lines.ts'

const CHUNK_BYTES = 65_536
const NEWLINE = 0x0a
const NO_BYTES = Buffer.alloc(0)

export interface LogOptions {
  /** Goes on until `isOver` says that no more will come; absent: ends at the end of the file. */
  readonly follow?: { readonly isOver: () => boolean; readonly whenChanged: (callback: () => void) => () => void }
  readonly timestamps: boolean
  /** Only so many of the last lines that are there now; absent: all. */
  readonly tailLines?: number
  /** Only lines from this instant on. */
  readonly sinceMs?: number
  readonly signal: AbortSignal
}

/**
 * What a container wrote, from its CRI log file: stdout and stderr as they came, line by line, a newline after each whole
 * one. A reader that stops reading stops the file reads.
 */
export async function* readLog(logFile: string, options: LogOptions): AsyncGenerator<Uint8Array> {
  await using file = await open(logFile, 'r').catch(() => undefined)
  if (file === undefined) return
  const more = options.follow === undefined ? undefined : new FileChanges(logFile, options.follow, options.signal)
  try {
    let offset = options.tailLines === undefined ? 0 : await offsetOfTail(file, options.tailLines)
    let rest: Buffer = NO_BYTES
    const lines = new LogLines(options)
    while (!options.signal.aborted) {
      // Asked before the read: what was written until then is in the file.
      const over = more === undefined || more.isOver()
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, offset)
      offset += bytesRead
      const chunk = Buffer.concat([rest, buffer.subarray(0, bytesRead)])
      const end = chunk.lastIndexOf(NEWLINE) + 1
      rest = chunk.subarray(end)
      const text = lines.add(chunk.toString('latin1', 0, end)) + (bytesRead > 0 ? '' : lines.unfinished())
      if (text !== '') yield Buffer.from(text, 'latin1')
      if (bytesRead > 0) continue
      if (over) return
      await more.next()
    }
  } finally {
    more?.close()
  }
}

/** Where the last lines begin, reading backwards from the end. */
async function offsetOfTail(file: { read: FileRead; stat: () => Promise<{ size: number }> }, lines: number) {
  const { size } = await file.stat()
  let position = size
  let found = 0
  while (position > 0) {
    const length = Math.min(CHUNK_BYTES, position)
    position -= length
    const { buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, position)
    for (let index = length - 1; index >= 0; index -= 1) {
      if (buffer[index] !== NEWLINE) continue
      // The newline that ends the file ends the last line; it does not begin another.
      if (position + index + 1 === size) continue
      found += 1
      if (found === lines) return position + index + 1
    }
  }
  return lines === 0 ? size : 0
}

type FileRead = (
  buffer: Buffer,
  offset: number,
  length: number,
  position: number,
) => Promise<{ buffer: Buffer; bytesRead: number }>

/** Tells when a file has grown or its writer is done. */
class FileChanges {
  readonly isOver: () => boolean
  #changed = false
  #resume: (() => void) | undefined
  readonly #close: (() => void)[]

  constructor(file: string, follow: NonNullable<LogOptions['follow']>, signal: AbortSignal) {
    this.isOver = follow.isOver
    const notify = (): void => {
      this.#changed = true
      this.#resume?.()
    }
    // The folder, not the file: it also sees the file replaced. One folder holds the few logs of one container.
    const watcher = watch(dirname(file), notify)
    signal.addEventListener('abort', notify, { once: true })
    this.#close = [() => watcher.close(), () => signal.removeEventListener('abort', notify), follow.whenChanged(notify)]
  }

  async next(): Promise<void> {
    if (!this.#changed) {
      await new Promise<void>((resolve) => {
        this.#resume = resolve
      })
      this.#resume = undefined
    }
    this.#changed = false
  }

  close(): void {
    for (const close of this.#close) close()
  }
}
