import { isRestName, keptLogName } from './kept-log-name.ts'

/** How much of each container instance's output is kept (Q9). */
export interface LogLimits {
  /** From this size on, a log is rotated. It grows on while that is noticed and done. */
  readonly maxBytes: number
  /** Of one log, the one that is written counted. Together they hold at most so many times `maxBytes`, if that leaves two. */
  readonly maxFiles: number
  /** What is older is kept while somebody who follows the log has yet to read it, up to this size. */
  readonly maxHeldBytes: number
}

/** As the kubelet has them by default; it holds nothing for readers. */
export const LOG_LIMITS: LogLimits = { maxBytes: 10_485_760, maxFiles: 5, maxHeldBytes: 268_435_456 }

export interface LogFile {
  readonly name: string
  readonly inode: number
  readonly bytes: number
}

export interface LogOnDisk {
  /** The one that is written. */
  readonly live: LogFile
  /** What was kept of it when it was rotated, oldest first. */
  readonly kept: readonly LogFile[]
  /** Inodes of the files that somebody who follows the log is reading. */
  readonly held: readonly number[]
}

export interface LogSteps {
  /**
   * Names of what is not kept any longer, oldest first: to be removed before anything new is made. Of the last one, the
   * beginnings of lines that go on in the next file stay.
   */
  readonly remove: readonly string[]
  /** Under which name the live file is kept while the container goes on in a new one; absent: it does not yet. */
  readonly keepAs?: string
}

/** What is to be done with a log now. A rotation that was cut short has left the live file with a second name: it goes on. */
export function computeLogRotation(log: LogOnDisk, limits: LogLimits, nowMs: number): LogSteps {
  const { live } = log
  const cutShort = log.kept.find(({ inode }) => inode === live.inode)
  const kept = log.kept.filter((file) => file !== cutShort && !isRestName(file.name))
  const rests = log.kept.map(({ name }) => name).filter(isRestName)
  const isFull = cutShort !== undefined || live.bytes >= limits.maxBytes
  const excess = excessOf({ ...log, kept }, limits, isFull).map(({ name }) => name)
  const remove = excess.length === 0 ? [] : [...rests, ...excess]
  if (!isFull) return { remove }
  const names = kept.map(({ name }) => name)
  return { remove, keepAs: cutShort?.name ?? keptLogName(live.name, names, nowMs) }
}

/** The oldest of what was kept: too many, or too large together, and read by all. */
function excessOf({ live, kept, held }: LogOnDisk, limits: LogLimits, isFull: boolean): readonly LogFile[] {
  let from = 0
  for (let oldest = kept[from]; oldest !== undefined; oldest = kept[from]) {
    const left = isFull ? [...kept.slice(from), live] : kept.slice(from)
    const bytes = left.reduce((sum, file) => sum + file.bytes, isFull ? 0 : live.bytes)
    const isTooMuch = left.length > 1 && bytes > limits.maxBytes * limits.maxFiles
    // Who reads a file that was removed has all of these before him.
    const newer = [...kept.slice(from + 1), live].map(({ inode }) => inode)
    const isHeld = held.some((inode) => !newer.includes(inode)) && bytes <= limits.maxHeldBytes
    if (isHeld || (left.length < limits.maxFiles && !isTooMuch)) break
    from += 1
  }
  return kept.slice(0, from)
}
