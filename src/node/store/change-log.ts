import type { Change } from './change.ts'

/** The newest changes, in memory, for watches to follow. */
export class ChangeLog {
  readonly #keep: number
  readonly #waiting = new Set<() => void>()
  #changes: Change[] = []
  #start: number
  #closed = false

  /**
   * @param keep at least so many changes are kept, at most twice as many.
   * @param start the version before the first change that will be appended.
   */
  constructor(keep: number, start: number) {
    this.#keep = keep
    this.#start = start
  }

  /** The version of the newest change. */
  get end(): number {
    return this.#start + this.#changes.length
  }

  /** Changes after this version are here. */
  get start(): number {
    return this.#start
  }

  get closed(): boolean {
    return this.#closed
  }

  /** The changes carry the versions that follow `end`, one by one. */
  append(changes: readonly Change[]): void {
    for (const change of changes) this.#changes.push(change)
    // Cutting only when twice as many are there makes the cost of a change constant.
    if (this.#changes.length > this.#keep * 2) {
      const surplus = this.#changes.length - this.#keep
      this.#changes = this.#changes.slice(surplus)
      this.#start += surplus
    }
    this.#wakeAll()
  }

  /** The next changes after a version between `start` and `end`. */
  after(version: number, limit: number): readonly Change[] {
    const from = version - this.#start
    return this.#changes.slice(from, from + limit)
  }

  /** Calls once, when there is a change after the newest one of now, or the log is closed. Returns how to stop. */
  onceMore(wake: () => void): () => void {
    this.#waiting.add(wake)
    return () => this.#waiting.delete(wake)
  }

  close(): void {
    this.#closed = true
    this.#wakeAll()
  }

  #wakeAll(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }
}
