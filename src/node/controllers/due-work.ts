import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'

/** After a failure, such as a full disk. */
const AGAIN_AFTER_MS = 1_000

/** A piece of work for each name that is due: one at a time, once however often the name became due meanwhile. */
export class DueWork {
  readonly #work: (name: string) => Promise<void>
  readonly #failed: (name: string, thrown: unknown) => void
  readonly #signal: AbortSignal
  readonly #due = new Set<string>()
  #running: Promise<void> | undefined

  /** @param failed told of each failure; the name becomes due again a second later. */
  constructor(
    work: (name: string) => Promise<void>,
    failed: (name: string, thrown: unknown) => void,
    signal: AbortSignal,
  ) {
    this.#work = work
    this.#failed = failed
    this.#signal = signal
  }

  due(name: string): void {
    this.#due.add(name)
    this.#running ??= this.#run()
  }

  /** Settles when nothing is being done any more; nothing new begins once the signal has aborted. */
  async settled(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    // Many changes come in one turn: they are one piece of work.
    await nextTurn()
    for (const name of this.#due) {
      if (this.#signal.aborted) break
      this.#due.delete(name)
      try {
        await this.#work(name)
      } catch (thrown) {
        this.#failed(name, thrown)
        // Only an abort ends the sleep early: the loop sees it.
        await sleep(AGAIN_AFTER_MS, undefined, { signal: this.#signal }).catch(() => undefined)
        this.#due.add(name)
      }
    }
    // In the same turn as the last look at what is due: nothing is forgotten between.
    this.#running = undefined
  }
}
