import { FileChanges } from './file-changes.ts'
import { type LineOptions, LogLines } from './log-lines.ts'
import type { LogHold } from './log-rotation.ts'
import { findLogStart, readBefore } from './log-start.ts'
import { closeLogFiles, openLaterLogFiles, openLogFiles, type OpenLogFile } from './open-log-files.ts'

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
    /** Keeps what he has yet to read from being removed. */
    readonly hold?: () => LogHold | undefined
    /** Instead of 100 ms. */
    readonly quietMs?: number
  }
  /** Only so many of the last lines that are there now; absent: all. */
  readonly tailLines?: number
  readonly signal: AbortSignal
}

/**
 * What one instance of a container wrote, from its CRI log: stdout and stderr as they came, line by line, a newline after
 * each whole one; across rotations, from the oldest file that is kept. A reader that stops reading stops the file reads: who
 * follows and is so slow that files are removed before he comes to them goes on with the oldest that is there.
 */
export async function* readLog(logFile: string, options: LogOptions): AsyncGenerator<Uint8Array> {
  const { follow, signal } = options
  // Both before the files are opened: nothing happens to them unnoticed.
  using hold = follow?.hold?.()
  using changes = follow === undefined ? undefined : new FileChanges(logFile, follow.whenChanged, signal)
  const files = [...(await openLogFiles(logFile))]
  await using end = new AsyncDisposableStack()
  end.defer(() => closeLogFiles(files))
  const lines = new LogLines(options)
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
  let offset = await begin(files, lines, options)
  let rest: Buffer = NO_BYTES
  let isQuiet = false
  let isGap = false
  for (let file = files[0]; file !== undefined && !signal.aborted; file = files[0]) {
    hold?.at(file.inode)
    // Asked before the read: what was written until then is in the file.
    const isOver = follow === undefined || follow.isOver()
    const { bytesRead } = await file.handle.read(buffer, 0, CHUNK_BYTES, offset)
    if (bytesRead === 0 && files.length > 1) {
      await closeLogFiles(files.splice(0, 1))
      offset = 0
      rest = NO_BYTES
      if (isGap) yield Buffer.from(lines.breakOff(), 'latin1')
      isGap = false
      continue
    }
    if (bytesRead === 0 && follow !== undefined) {
      const later = await openLaterLogFiles(logFile, file.inode)
      files.push(...later.files)
      isGap = later.isRemoved
      // Between the read and the rotation, it may have grown.
      if (files.length > 1) continue
    }
    offset += bytesRead
    const chunk = Buffer.concat([rest, buffer.subarray(0, bytesRead)])
    const entriesEnd = chunk.lastIndexOf(NEWLINE) + 1
    rest = chunk.subarray(entriesEnd, entriesEnd + LONGEST_ENTRY_BYTES)
    const whole = lines.add(chunk.toString('latin1', 0, entriesEnd))
    const text = bytesRead === 0 && (isOver || isQuiet) ? whole + lines.unfinished() : whole
    if (text !== '') yield Buffer.from(text, 'latin1')
    if (bytesRead > 0) continue
    if (isOver || changes === undefined) return
    isQuiet = !(await changes.next(lines.holdsPieces ? (follow.quietMs ?? QUIET_MS) : Infinity))
  }
}

/** Lets go of the files that nothing is wanted of. @returns where to begin in the first that is left. */
async function begin(files: OpenLogFile[], lines: LogLines, options: LogOptions): Promise<number> {
  const start = await findLogStart(files, options)
  if (options.tailLines !== 0) lines.passOver(await readBefore(files, start))
  await closeLogFiles(files.splice(0, start.file))
  return start.offset
}
