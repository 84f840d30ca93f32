import { BENCH_PODS } from './api-server.ts'
import { type HttpAddress, HttpConnection, httpRequest } from './http-connection.ts'

const NEWLINE = 0x0a
const CLOSING_BRACE = 0x7d

/** Watches of all pods, each on its own connection, which count the events that come. */
export class Watchers implements Disposable {
  /** Called for each event, by whichever watch. */
  onEvent: (() => void) | undefined
  readonly #connections: HttpConnection[] = []
  /** Events that were not yet waited for, by watch. */
  readonly #counts: number[] = []
  #wanted = 0
  #reached: (() => void) | undefined

  private constructor() {
    // Made by `open`.
  }

  /** Once each of them has told the one pod that is there. */
  static async open(to: HttpAddress, count: number): Promise<Watchers> {
    const watchers = new Watchers()
    for (let index = 0; index < count; index += 1) await watchers.#add(to)
    await watchers.until(1)
    return watchers
  }

  /** Settles when every watch has seen so many more events. */
  until(more: number): Promise<void> {
    this.#wanted = more
    return new Promise((resolve) => {
      this.#reached = resolve
      this.#check()
    })
  }

  async #add(to: HttpAddress): Promise<void> {
    const connection = await HttpConnection.open(to)
    const index = this.#connections.push(connection) - 1
    this.#counts.push(0)
    let last = 0
    connection.follow(httpRequest('GET', `${BENCH_PODS}?watch=true`), (chunk) => {
      const events = countEvents(chunk, last)
      last = chunk.at(-1) ?? last
      this.#counts[index] = (this.#counts[index] ?? 0) + events
      for (let event = 0; event < events; event += 1) this.onEvent?.()
      this.#check()
    })
  }

  #check(): void {
    if (this.#reached === undefined || this.#counts.some((seen) => seen < this.#wanted)) return
    const reached = this.#reached
    this.#reached = undefined
    for (const [index, seen] of this.#counts.entries()) this.#counts[index] = seen - this.#wanted
    reached()
  }

  [Symbol.dispose](): void {
    for (const connection of this.#connections) connection[Symbol.dispose]()
  }
}

/** An event is a line of JSON; the lines of HTTP's own end otherwise. */
function countEvents(chunk: Buffer, before: number): number {
  let events = 0
  for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) {
    if ((at === 0 ? before : chunk[at - 1]) === CLOSING_BRACE) events += 1
  }
  return events
}
