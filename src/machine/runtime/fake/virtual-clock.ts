import { setImmediate as nextTurn } from 'node:timers/promises'

interface Alarm {
  readonly atMs: number
  readonly callback: () => void
}

/** Time that passes when it is told to. */
export class VirtualClock {
  #nowMs: number
  readonly #alarms = new Set<Alarm>()

  constructor(startMs = 1_000_000) {
    this.#nowMs = startMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  /** Calls back once when `nowMs()` has reached the instant. Returns how to forget it. */
  callAt(atMs: number, callback: () => void): () => void {
    const alarm = { atMs, callback }
    this.#alarms.add(alarm)
    return () => this.#alarms.delete(alarm)
  }

  /** Lets time pass, alarm by alarm; what an alarm sets off has settled before the next one. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms
    await nextTurn()
    for (let next = this.#nextUntil(endMs); next !== undefined; next = this.#nextUntil(endMs)) {
      this.#alarms.delete(next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.callback()
      await nextTurn()
    }
    this.#nowMs = endMs
  }

  #nextUntil(endMs: number): Alarm | undefined {
    return [...this.#alarms].filter(({ atMs }) => atMs <= endMs).toSorted((a, b) => a.atMs - b.atMs)[0]
  }
}
