/** Time as the engine sees it: the machine's own, or a virtual one in tests. */
export interface Clock {
  /** Epoch milliseconds. */
  nowMs(): number
  /** Calls back once when `nowMs()` has reached the instant (Infinity: never). Returns how to forget it. */
  callAt(atMs: number, callback: () => void): () => void
}

/** setTimeout fires at once for delays beyond 2^31 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export const machineClock: Clock = {
  nowMs: () => Date.now(),
  callAt(atMs, callback) {
    if (atMs === Infinity) return () => undefined
    const timer = setTimeout(callback, Math.min(LONGEST_TIMER_MS, Math.max(0, atMs - Date.now())))
    return () => clearTimeout(timer)
  },
}

/** Resolves at the instant, or as soon as the signal aborts. */
export async function sleepUntil(clock: Clock, atMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    const done = (): void => {
      forget()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const forget = clock.callAt(atMs, done)
    signal.addEventListener('abort', done)
  })
}
