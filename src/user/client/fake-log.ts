import type { ServerResponse } from 'node:http'

/** All logs of a process share one clock, so that later lines have later instants. */
let ticks = 0

/** One instance's output, served as a node serves it. */
export class FakeLog {
  #entries: { readonly time: string; readonly text: string }[] = []
  #over = false
  readonly #readers = new Set<ServerResponse>()
  /** Breaks the connection of the next readers after so many lines, one entry each. */
  readonly breakAfter: number[] = []

  write(...lines: readonly string[]): void {
    const time = instant(++ticks)
    for (const text of lines) {
      const entry = { time, text }
      this.#entries.push(entry)
      for (const reader of this.#readers) reader.write(lineOf(entry))
    }
  }

  end(): void {
    this.#over = true
    for (const reader of this.#readers) reader.end()
    this.#readers.clear()
  }

  serve(response: ServerResponse, query: URLSearchParams): void {
    const since = query.get('sinceTime')?.slice(0, 19) ?? ''
    const wanted = this.#entries.filter((entry) => entry.time.slice(0, 19) >= since)
    response.writeHead(200, { 'content-type': 'text/plain' }).flushHeaders()
    const limit = this.breakAfter.shift()
    if (limit !== undefined) {
      const text = wanted.map(lineOf).join('')
      // In the middle of the line after the last whole one.
      const end = wanted.slice(0, limit).map(lineOf).join('').length + 3
      response.write(text.slice(0, end), () => response.destroy())
      return
    }
    response.write(wanted.map(lineOf).join(''))
    if (this.#over || query.get('follow') !== 'true') return void response.end()
    this.#readers.add(response)
    response.on('close', () => this.#readers.delete(response))
  }
}

function lineOf(entry: { readonly time: string; readonly text: string }): string {
  return `${entry.time} ${entry.text}\n`
}

/** A few a second, in nanoseconds. */
function instant(tick: number): string {
  const seconds = `${Math.floor(tick / 5)}`
  const at = new Date(Date.UTC(2026, 10, 20, 10) + Number(seconds) * 1_000).toISOString().slice(0, 19)
  return `${at}.${`${(tick % 5) * 100_000_001}`.padStart(9, '0')}Z`
}
