import type { Clock } from './clock.ts'
import { sleepUntil } from './clock.ts'

/** Lets one loop sleep until something changed or an instant has come. A change while it is awake is not lost. */
export class Wake {
  readonly #clock: Clock
  #changed = false
  #resume: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Something changed: the loop looks again. */
  notify(): void {
    this.#changed = true
    this.#resume?.()
  }

  /** Resolves after the next `notify`, at the instant, or when the signal aborts; at once when there was one already. */
  async wait(untilMs: number, signal: AbortSignal): Promise<void> {
    if (!this.#changed) {
      const woken = new AbortController()
      this.#resume = () => woken.abort()
      await sleepUntil(this.#clock, untilMs, AbortSignal.any([signal, woken.signal]))
      this.#resume = undefined
    }
    this.#changed = false
  }
}
