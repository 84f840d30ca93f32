/** One line of a container's output, or a piece of a very long one. */
export interface LogLine {
  /** RFC 3339 with nanoseconds, as the runtime noted it. */
  readonly time: string
  /** Absent when the server does not tell. */
  readonly stream?: 'stdout' | 'stderr'
  /** As the container wrote it, without the line end. */
  readonly bytes: Buffer
  /** Whether more of the same line follows. */
  readonly partial: boolean
}

/** Longer lines flow in pieces, so that a container that never ends its line fills no memory. */
const PIECE_BYTES = 64 * 1024

/** How long a line's instant may be: a line without one is output that was cut in the middle. */
const TIME = /^(\d{4}-\d\d-\d\dT\S{8,32}) /
const TIME_AND_STREAM = /^(\d{4}-\d\d-\d\dT\S{8,32}) (stdout|stderr) /

/** What stands before a line's text. */
type Head = Pick<LogLine, 'time' | 'stream'>

/**
 * The lines of a log that was asked for with timestamps, a batch for each chunk that completes some.
 * An unfinished last line comes at the end.
 *
 * @param options.hasStreamNames whether each line says which stream it was written to.
 */
export async function* splitLog(
  chunks: AsyncIterable<Buffer>,
  { hasStreamNames }: { readonly hasStreamNames: boolean },
): AsyncGenerator<readonly LogLine[], void, undefined> {
  const head = hasStreamNames ? TIME_AND_STREAM : TIME
  let held: Buffer = Buffer.alloc(0)
  /** Of the line whose first piece was given out already. */
  let open: Head | undefined
  const take = (bytes: Buffer, partial: boolean): LogLine => {
    const [start = '', time = '', stream] = open === undefined ? (head.exec(bytes.toString('latin1', 0, 64)) ?? []) : []
    const own: Head = open ?? { time, ...(stream === 'stdout' || stream === 'stderr' ? { stream } : {}) }
    open = partial ? own : undefined
    return { ...own, bytes: bytes.subarray(start.length), partial }
  }
  for await (const chunk of chunks) {
    const data = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    const lines: LogLine[] = []
    let from = 0
    const takePieces = (end: number): void => {
      for (; end - from > PIECE_BYTES; from += PIECE_BYTES) {
        lines.push(take(data.subarray(from, from + PIECE_BYTES), true))
      }
    }
    for (let end = data.indexOf(0x0a, held.length); end >= 0; end = data.indexOf(0x0a, from)) {
      takePieces(end)
      lines.push(take(data.subarray(from, end), false))
      from = end + 1
    }
    takePieces(data.length)
    held = Buffer.from(data.subarray(from))
    if (lines.length > 0) yield lines
  }
  if (held.length > 0 || open !== undefined) yield [take(held, false)]
}
