/** So many passes may follow each other: more than a pod of many containers needs to start, to fail or to end. */
const BURST = 500
/** After that, one more as often as this. */
const EACH_MS = 50

/**
 * Keeps a pod's loop from taking a whole processor, whatever is wrong with the pod, the machine or this program: one that
 * changes without end is looked at twenty times a second.
 */
export class PassBudget {
  /** Up to when the passes so far are paid for, at one for each EACH_MS. */
  #paidUntilMs = -Infinity

  /** @returns the instant before which no further pass may begin; mostly one that is past. */
  take(nowMs: number): number {
    const longest = BURST * EACH_MS
    // A clock that was set back costs nothing.
    this.#paidUntilMs = Math.min(Math.max(this.#paidUntilMs, nowMs), nowMs + longest) + EACH_MS
    return this.#paidUntilMs - longest
  }
}
