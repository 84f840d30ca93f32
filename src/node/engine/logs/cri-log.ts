/** One line of a CRI log file: `<RFC 3339 time> <stdout|stderr> <F|P> <text>`. */
export interface CriLogLine {
  readonly time: string
  readonly stream: 'stdout' | 'stderr'
  /** A piece of a longer line: the next entry of the same stream goes on with it. */
  readonly partial: boolean
  readonly text: string
}

const LINE = /^(\S+) (stdout|stderr) ([FP]) (.*)$/s

/** @returns undefined for a line that is not in the format, such as one that a full disk has cut. */
export function parseCriLine(line: string): CriLogLine | undefined {
  const [, time, stream, tag, text] = LINE.exec(line) ?? []
  if (time === undefined || text === undefined) return undefined
  return { time, stream: stream === 'stderr' ? 'stderr' : 'stdout', partial: tag === 'P', text }
}
