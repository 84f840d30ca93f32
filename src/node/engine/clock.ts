/** Time as the engine sees it: the machine's own, or a virtual one in tests. */
export interface Clock {
  /** Epoch milliseconds. */
  nowMs(): number
  /** Calls back once when `nowMs()` has reached the instant. Returns how to forget it. */
  callAt(atMs: number, callback: () => void): () => void
}

/** setTimeout fires at once for delays beyond 2^31 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export const machineClock: Clock = {
  nowMs: () => Date.now(),
  callAt(atMs, callback) {
    const timer = setTimeout(callback, Math.min(LONGEST_TIMER_MS, Math.max(0, atMs - Date.now())))
    return () => clearTimeout(timer)
  },
}
