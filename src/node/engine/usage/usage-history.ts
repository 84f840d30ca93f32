import type { CgroupUsage } from '../../../machine/linux/cgroup-usage.ts'

/** What something had used up to an instant. */
export interface UsageSample extends CgroupUsage {
  readonly atMs: number
}

/** What something uses. */
export interface UsageRate {
  readonly atMs: number
  readonly windowMs: number
  /** 1e9 is one core at work. */
  readonly cpuNanocores: number
  readonly memoryBytes: number
}

/** Over less time a rate says little. */
export const SHORTEST_WINDOW_MS = 1_000
/** Over more time it says little about now. */
export const LONGEST_WINDOW_MS = 60_000
/** As long as a kubelet's. */
const GOOD_WINDOW_MS = 10_000

/** Newest last. Knows what is needed for rates from now on, and no more. */
export type UsageHistory = readonly UsageSample[]

/** @returns the history with a sample more, and without those that no rate will be measured from. */
export function withSample(history: UsageHistory, sample: UsageSample): UsageHistory {
  const known = history.filter(({ atMs, cpuNanoseconds }) => {
    const ageMs = sample.atMs - atMs
    // The clock was set back, or the group is another one of the same name.
    if (ageMs < 0 || cpuNanoseconds > sample.cpuNanoseconds) return false
    return ageMs <= LONGEST_WINDOW_MS
  })
  const good = known.findLastIndex(({ atMs }) => sample.atMs - atMs >= GOOD_WINDOW_MS)
  return [...known.slice(Math.max(0, good)), sample]
}

/**
 * From the newest sample back to one that is about ten seconds older, or as old as there is.
 *
 * @returns undefined when no sample is a second older.
 */
export function usageRate(history: UsageHistory): UsageRate | undefined {
  const newest = history.at(-1)
  if (newest === undefined) return undefined
  const ageMs = ({ atMs }: UsageSample): number => newest.atMs - atMs
  const base = history.findLast((sample) => ageMs(sample) >= GOOD_WINDOW_MS) ?? history[0]
  if (base === undefined || ageMs(base) < SHORTEST_WINDOW_MS) return undefined
  const windowMs = ageMs(base)
  const usedNanoseconds = newest.cpuNanoseconds - base.cpuNanoseconds
  return {
    atMs: newest.atMs,
    windowMs,
    cpuNanocores: Math.round((usedNanoseconds * 1000) / windowMs),
    memoryBytes: newest.workingSetBytes,
  }
}
