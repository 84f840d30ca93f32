import { open } from 'node:fs/promises'
import { Failure, messageOf } from '../../../failure.ts'
import { FileChanges } from './file-changes.ts'
import { type LineOptions, LogLines } from './log-lines.ts'

const CHUNK_BYTES = 65_536
const NEWLINE = 0x0a
const NO_BYTES = Buffer.alloc(0)
/** Entries are far shorter. Without its end within this length a file is damaged, and the rest of the entry is let go. */
const LONGEST_ENTRY_BYTES = 1_048_576
/** How long a line without its end waits for the rest before it is told as it is: a prompt has none. */
const QUIET_MS = 100

export interface LogOptions extends LineOptions {
  /** Goes on until `isOver` says that no more will come; absent: ends at the end of the file. */
  readonly follow?: {
    readonly isOver: () => boolean
    readonly whenChanged: (callback: () => void) => () => void
    /** Instead of 100 ms. */
    readonly quietMs?: number
  }
  /** Only so many of the last lines that are there now; absent: all. */
  readonly tailLines?: number
  readonly signal: AbortSignal
}

/**
 * What a container wrote, from its CRI log file: stdout and stderr as they came, line by line, a newline after each whole
 * one. A reader that stops reading stops the file reads.
 */
export async function* readLog(logFile: string, options: LogOptions): AsyncGenerator<Uint8Array> {
  await using file = await openLog(logFile)
  if (file === undefined) return
  const { follow, signal } = options
  using changes = follow === undefined ? undefined : new FileChanges(logFile, follow.whenChanged, signal)
  const lines = new LogLines(options)
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
  let offset = options.tailLines === undefined ? 0 : await offsetOfTail(file, options.tailLines)
  let rest: Buffer = NO_BYTES
  let isQuiet = false
  while (!signal.aborted) {
    // Asked before the read: what was written until then is in the file.
    const isOver = follow === undefined || follow.isOver()
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, offset)
    offset += bytesRead
    const chunk = Buffer.concat([rest, buffer.subarray(0, bytesRead)])
    const end = chunk.lastIndexOf(NEWLINE) + 1
    rest = chunk.subarray(end, end + LONGEST_ENTRY_BYTES)
    const whole = lines.add(chunk.toString('latin1', 0, end))
    const text = bytesRead === 0 && (isOver || isQuiet) ? whole + lines.unfinished() : whole
    if (text !== '') yield Buffer.from(text, 'latin1')
    if (bytesRead > 0) continue
    if (isOver || changes === undefined) return
    isQuiet = !(await changes.next(lines.holdsPieces ? (follow.quietMs ?? QUIET_MS) : Infinity))
  }
}

/** A container that never wrote has no log. */
async function openLog(logFile: string) {
  try {
    return await open(logFile, 'r')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw new Failure('InternalError', `read the log "${logFile}": ${messageOf(cause)}`, { cause })
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
