import type { LogLine } from './split-log.ts'

/** How far one instance's log was read: enough to go on after a broken connection without losing or repeating a line. */
export interface ResumePoint {
  /** The newest instant that was read; '' before the first line. */
  readonly time: string
  /** How many lines of that instant were read: one read of a pipe gives many lines one instant. */
  readonly linesAtTime: number
}

export const LOG_START: ResumePoint = { time: '', linesAtTime: 0 }

export function advance(point: ResumePoint, lines: readonly LogLine[]): ResumePoint {
  return lines.reduce(
    (reached, line) =>
      line.time === reached.time
        ? { time: line.time, linesAtTime: reached.linesAtTime + 1 }
        : { time: line.time, linesAtTime: 1 },
    point,
  )
}

/**
 * Drops from the beginning of a log that is read anew what was read before; the returned function takes batch after batch.
 * Only the beginning is compared: a clock that was set back later costs no line.
 */
export function skipRead(point: ResumePoint): (lines: readonly LogLine[]) => readonly LogLine[] {
  if (point.time === '') return (lines) => lines
  let reading = true
  let leftAtTime = point.linesAtTime
  const wasRead = (line: LogLine): boolean => {
    if (line.time === point.time) return leftAtTime-- > 0
    return isEarlier(line.time, point.time)
  }
  return (lines) => {
    if (!reading) return lines
    const first = lines.findIndex((line) => !wasRead(line))
    if (first < 0) return []
    reading = false
    return lines.slice(first)
  }
}

/** Compares instants to the nanosecond, which Date cannot. */
export function isEarlier(left: string, right: string): boolean {
  const [leftMs, leftFraction] = split(left)
  const [rightMs, rightFraction] = split(right)
  return leftMs === rightMs ? leftFraction < rightFraction : leftMs < rightMs
}

function split(time: string): [seconds: number, fraction: string] {
  const [, seconds = '', fraction = '', zone = 'Z'] = /^([^.Z+]*?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?$/.exec(time) ?? []
  return [Date.parse(`${seconds}${zone}`), fraction.padEnd(9, '0')]
}
