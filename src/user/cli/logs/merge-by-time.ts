import { isEarlier } from '../run/resume-point.ts'
import type { LogLine } from '../run/split-log.ts'

/** One line, or a notice, of one of several sequences that each are in the order of time. */
export interface TimedItem<Source> {
  readonly source: Source
  readonly line: LogLine
}

/**
 * Several sequences as one in the order of time. What is held is a batch of each; a line that comes in pieces stays whole.
 */
export async function* mergeByTime<Source>(
  sequences: readonly { readonly source: Source; readonly batches: AsyncIterable<readonly LogLine[]> }[],
): AsyncGenerator<TimedItem<Source>, void, undefined> {
  const heads = await Promise.all(sequences.map(async ({ source, batches }) => Head.open(source, batches)))
  const left = heads.filter((head) => head !== undefined)
  let current: Head<Source> | undefined
  while (left.length > 0) {
    // Pieces of one line have one instant: the same head goes on until it is whole.
    const next: Head<Source> = current ?? earliest(left)
    const { source, line } = next
    yield { source, line }
    current = line.partial ? next : undefined
    if (await next.advance()) continue
    left.splice(left.indexOf(next), 1)
    current = undefined
  }
}

function earliest<Source>(heads: readonly Head<Source>[]): Head<Source> {
  return heads.reduce((first, other) => (isEarlier(other.line.time, first.line.time) ? other : first))
}

class Head<Source> {
  readonly source: Source
  readonly #batches: AsyncIterator<readonly LogLine[]>
  #batch: readonly LogLine[] = []
  #at = 0

  private constructor(source: Source, batches: AsyncIterable<readonly LogLine[]>) {
    this.source = source
    this.#batches = batches[Symbol.asyncIterator]()
  }

  /** @returns undefined when there is no line. */
  static async open<Source>(
    source: Source,
    batches: AsyncIterable<readonly LogLine[]>,
  ): Promise<Head<Source> | undefined> {
    const head = new Head(source, batches)
    return (await head.advance()) ? head : undefined
  }

  get line(): LogLine {
    const line = this.#batch[this.#at]
    if (line === undefined) throw new Error('a sequence was read past its end')
    return line
  }

  async advance(): Promise<boolean> {
    this.#at += 1
    while (this.#at >= this.#batch.length) {
      const next = await this.#batches.next()
      if (next.done === true) return false
      this.#batch = next.value
      this.#at = 0
    }
    return true
  }
}
