import type { ServerResponse } from 'node:http'

/** All logs of a process share one clock, so that later lines have later instants. */
let ticks = 0

interface FakeLine {
  readonly time: string
  readonly stream: 'stdout' | 'stderr'
  readonly text: string
}

/** One instance's output, served as a node serves it. */
export class FakeLog {
  /** Whether the server knows the type of answers that tell the stream of each line. */
  knowsStreams = false
  #lines: FakeLine[] = []
  #over = false
  readonly #readers = new Map<ServerResponse, (line: FakeLine) => string>()
  /** Breaks the connection of the next readers after so many lines, one entry each. */
  readonly breakAfter: number[] = []

  write(...texts: readonly string[]): void {
    this.#write('stdout', texts)
  }

  writeError(...texts: readonly string[]): void {
    this.#write('stderr', texts)
  }

  end(): void {
    this.#over = true
    for (const reader of this.#readers.keys()) reader.end()
    this.#readers.clear()
  }

  serve(response: ServerResponse, query: URLSearchParams): void {
    const type = 'text/vnd.peapod.log'
    const tellsStreams = this.knowsStreams && response.req.headers.accept?.startsWith(type) === true
    const instants = query.get('timestamps') === 'true'
    const told = ({ time, stream, text }: FakeLine): string =>
      `${instants ? `${time} ` : ''}${tellsStreams ? `${stream} ` : ''}${text}\n`
    const since = query.get('sinceTime')?.slice(0, 19) ?? ''
    const wanted = this.#lines.filter((line) => line.time.slice(0, 19) >= since)
    response.writeHead(200, { 'content-type': tellsStreams ? type : 'text/plain' }).flushHeaders()
    const limit = this.breakAfter.shift()
    if (limit !== undefined) {
      const text = wanted.map(told).join('')
      // In the middle of the line after the last whole one.
      const end = wanted.slice(0, limit).map(told).join('').length + 3
      response.write(text.slice(0, end), () => response.destroy())
      return
    }
    response.write(wanted.map(told).join(''))
    if (this.#over || query.get('follow') !== 'true') return void response.end()
    this.#readers.set(response, told)
    response.on('close', () => this.#readers.delete(response))
  }

  #write(stream: FakeLine['stream'], texts: readonly string[]): void {
    const time = instant(++ticks)
    for (const text of texts) {
      const line = { time, stream, text }
      this.#lines.push(line)
      for (const [reader, told] of this.#readers) reader.write(told(line))
    }
  }
}

/** A few a second, in nanoseconds. */
function instant(tick: number): string {
  const seconds = `${Math.floor(tick / 5)}`
  const at = new Date(Date.UTC(2026, 10, 20, 10) + Number(seconds) * 1_000).toISOString().slice(0, 19)
  return `${at}.${`${(tick % 5) * 100_000_001}`.padStart(9, '0')}Z`
}
