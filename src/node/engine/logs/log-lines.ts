import { type CriLogLine, parseCriLine } from './cri-log.ts'

type Stream = CriLogLine['stream']

/** How lines are told, and which. */
export interface LineOptions {
  /** Each line begins with its instant and a space. */
  readonly timestamps: boolean
  /** Each line begins with `stdout` or `stderr` and a space; after its instant, if it has one. */
  readonly streamNames?: boolean
  /** Only what was written there; absent: both. */
  readonly stream?: Stream
  /** Only lines from this instant on, epoch milliseconds. */
  readonly sinceMs?: number
}

/** Longer lines are told in pieces, so that one that never ends fills no memory. */
const LONGEST_HELD = 65_536

/** A line whose end has not come yet. */
interface Unfinished {
  /** Of its first piece. */
  readonly time: string
  /** What of it was not told yet. */
  readonly text: string
}

/**
 * Puts the pieces of a CRI log together to lines again. The log cuts lines anywhere, in the middle of a character too:
 * texts here are bytes as Latin-1 characters. Lines come in the order of their ends; the kubelet tells pieces as they
 * come and lets what one stream wrote run into the line of the other.
 */
export class LogLines {
  readonly #options: LineOptions
  readonly #sinceMs: number
  readonly #unfinished = new Map<Stream, Unfinished>()
  /** Whose line was told in part last. */
  #open: Stream | undefined

  constructor(options: LineOptions) {
    this.#options = options
    this.#sinceMs = options.sinceMs ?? -Infinity
  }

  /** @param log whole entries. @returns the lines that they complete, a newline after each. */
  add(log: string): string {
    let told = ''
    for (const entry of log.split('\n').map(parseCriLine)) {
      if (entry === undefined || !this.#isWanted(entry)) continue
      const { stream, partial } = entry
      const before = this.#unfinished.get(stream)
      const line = { time: before?.time ?? entry.time, text: (before?.text ?? '') + entry.text }
      this.#unfinished.set(stream, line)
      if (!partial) told += this.#tellWhole(stream, line)
      else if (line.text.length > LONGEST_HELD) told += this.#tellPart(stream, line)
    }
    return told
  }

  /** Takes note of lines that were begun in what comes before. Those that ended there are not told. */
  passOver(log: string): void {
    for (const entry of log.split('\n').map(parseCriLine)) {
      if (entry === undefined || !this.#isWanted(entry)) continue
      const before = this.#unfinished.get(entry.stream)
      if (!entry.partial) this.#unfinished.delete(entry.stream)
      else
        this.#unfinished.set(entry.stream, {
          time: before?.time ?? entry.time,
          text: (before?.text ?? '') + entry.text,
        })
    }
  }

  /** Whether there is a piece of a line that was not told. */
  get holdsPieces(): boolean {
    return [...this.#unfinished.values()].some(({ text }) => text !== '')
  }

  /** What comes next begins with the beginnings of its lines: what was begun is let go. */
  breakOff(): string {
    const end = this.#open === undefined ? '' : '\n'
    this.#unfinished.clear()
    this.#open = undefined
    return end
  }

  /** What there is of lines whose end has not come. */
  unfinished(): string {
    return [...this.#unfinished]
      .map(([stream, line]) => (line.text === '' ? '' : this.#tellPart(stream, line)))
      .join('')
  }

  /** A line is as old as its first piece. */
  #isWanted({ stream, time }: CriLogLine): boolean {
    if (this.#options.stream !== undefined && this.#options.stream !== stream) return false
    return this.#sinceMs === -Infinity || this.#unfinished.has(stream) || Date.parse(time) >= this.#sinceMs
  }

  #tellWhole(stream: Stream, line: Unfinished): string {
    const text = `${this.#start(stream, line)}${line.text}\n`
    this.#unfinished.delete(stream)
    this.#open = undefined
    return text
  }

  #tellPart(stream: Stream, line: Unfinished): string {
    const text = this.#start(stream, line) + line.text
    this.#unfinished.set(stream, { time: line.time, text: '' })
    this.#open = stream
    return text
  }

  /** What the other stream wrote in the middle of a line must not run into it. */
  #start(stream: Stream, { time }: Unfinished): string {
    if (this.#open === stream) return ''
    const { timestamps, streamNames } = this.#options
    const instant = timestamps ? `${time.endsWith('+00:00') ? `${time.slice(0, -6)}Z` : time} ` : ''
    return (this.#open === undefined ? '' : '\n') + instant + (streamNames === true ? `${stream} ` : '')
  }
}
