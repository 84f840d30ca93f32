/** Requests of one turn of the event loop may take so long before those that follow have to queue. */
const SLICE_MS = 5

/**
 * Lets everybody have a turn: when requests come faster than they are answered, those of each user queue by themselves
 * and the queues are served one after the other. Whoever sends a thousand waits for their own, not the others for them.
 */
export class FairTurns {
  /** By user; the first one is served next. */
  readonly #queues = new Map<string, (() => void)[]>()
  #sliceBeganAtMs: number | undefined

  /** Settles when it is the request's turn; undefined: it is now. */
  take(user: string): Promise<void> | undefined {
    if (this.#sliceBeganAtMs === undefined) {
      this.#sliceBeganAtMs = performance.now()
      setImmediate(() => this.#beginSlice())
    }
    if (this.#queues.size === 0 && performance.now() - this.#sliceBeganAtMs < SLICE_MS) return undefined
    return new Promise((resolve) => {
      const queue = this.#queues.get(user)
      if (queue === undefined) this.#queues.set(user, [resolve])
      else queue.push(resolve)
    })
  }

  /** One request a turn of the loop: how long each takes is known only when it is done. */
  #beginSlice(): void {
    const next = this.#queues.entries().next()
    this.#sliceBeganAtMs = undefined
    if (next.done === true) return
    const [user, queue] = next.value
    this.#queues.delete(user)
    const serve = queue.shift()
    // Who has more goes to the end.
    if (queue.length > 0) this.#queues.set(user, queue)
    this.#sliceBeganAtMs = performance.now()
    setImmediate(() => this.#beginSlice())
    serve?.()
  }
}
