/**
 * conmon writes up to 600 MB a second: a log that begins to grow at full speed may get some 150 MB large before that is
 * noticed.
 */
const LONGEST_MS = 250
const SHORTEST_MS = 20

export interface LogGrowth {
  readonly bytes: number
  /** Since the look before. */
  readonly grownBytes: number
  readonly passedMs: number
}

/**
 * When a log is looked at again: after half of the time in which it is full at its speed, and four times a second at least.
 * Looks at slow logs fall together, so that many of them wake the process no more often than one.
 */
export function nextLookAtMs({ bytes, grownBytes, passedMs }: LogGrowth, maxBytes: number, nowMs: number): number {
  const fullInMs = grownBytes <= 0 ? Infinity : ((maxBytes - bytes) * Math.max(1, passedMs)) / grownBytes
  if (fullInMs / 2 < LONGEST_MS) return nowMs + Math.max(SHORTEST_MS, fullInMs / 2)
  return (Math.floor(nowMs / LONGEST_MS) + 1) * LONGEST_MS
}
