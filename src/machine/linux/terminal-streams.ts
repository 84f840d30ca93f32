import { write } from 'node:fs'
import { Readable, Writable } from 'node:stream'
import { ReadStream } from 'node:tty'
import { setTerminalSize, type TerminalSize } from './pseudo-terminal.ts'

/** How long the other end gets to take something before it is asked again. */
const RETRY_MS = 5

export interface TerminalStreams {
  readonly output: Readable
  readonly input: Writable
  /** Does nothing once it is closed. */
  resize(size: TerminalSize): void
  /** Hangs up. Idempotent. */
  close(): void
}

/**
 * The streams of the master's end of a terminal, which are closed together. The output ends when nobody has the other end
 * open any more; the end of the input says nothing to a terminal.
 */
export function openTerminalStreams(masterFd: number): TerminalStreams {
  const source = new ReadStream(masterFd)
  let writing = false
  let closing = false
  const close = (): void => {
    closing = true
    // A number that is closed may be another file's at once: a write under way goes first.
    if (!writing) source.destroy()
  }
  source.once('close', () => output.destroy())
  const output = new Readable({
    read: () => source.resume(),
    destroy: (error, callback) => {
      close()
      callback(error)
    },
  })
  source.on('data', (chunk: Buffer) => {
    if (!output.push(chunk)) source.pause()
  })
  source.once('end', () => output.push(null))
  // EIO: the last program has closed its end.
  source.on('error', () => output.push(null))
  const input = new Writable({
    write: (chunk: Buffer, _encoding, callback) => writeAll(chunk, callback),
  })
  input.on('error', () => undefined)
  const resize = (size: TerminalSize): void => {
    if (!closing && !source.destroyed) setTerminalSize(masterFd, size)
  }
  return { output, input, resize, close }

  function writeAll(chunk: Buffer, callback: (error?: Error | null) => void): void {
    if (closing || source.destroyed) {
      callback(new Error('the terminal is closed'))
      return
    }
    writing = true
    write(masterFd, chunk, (error, written) => {
      writing = false
      if (closing) close()
      const mustWait = error?.code === 'EAGAIN'
      if (error !== null && !mustWait) callback(error)
      else if (!mustWait && written === chunk.length) callback()
      else if (!mustWait) writeAll(chunk.subarray(written), callback)
      else setTimeout(() => writeAll(chunk, callback), RETRY_MS)
    })
  }
}
