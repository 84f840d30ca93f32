import { readFileSync } from 'node:fs'

/** What one run of one contender took: by step, in the unit of the scenario. */
export type Sample = Readonly<Record<string, number>>

/** One of the ways to do the same thing that are compared. */
export interface Contender {
  readonly name: string
  run(): Promise<Sample>
}

/** What was measured of one step of one contender, a value for each round. */
export interface Measured {
  readonly step: string
  readonly contender: string
  readonly unit: 'ms' | 's' | 'MB' | '%' | '/s'
  readonly values: readonly number[]
}

const CLOCK_TICKS_PER_SECOND = 100

/**
 * Runs the contenders one after the other, A B A B, so that whatever else the machine does in these minutes meets all of
 * them. A first round warms files and caches and is not counted.
 */
export async function measureInTurn(
  contenders: readonly Contender[],
  options: { readonly rounds: number; readonly unit: Measured['unit']; readonly signal: AbortSignal },
): Promise<Measured[]> {
  const values = new Map<string, number[]>()
  for (let round = -1; round < options.rounds; round += 1) {
    for (const contender of contenders) {
      options.signal.throwIfAborted()
      const sample = await contender.run()
      if (round < 0) continue
      for (const [step, value] of Object.entries(sample)) {
        const key = JSON.stringify([step, contender.name])
        values.set(key, [...(values.get(key) ?? []), value])
      }
    }
  }
  return [...values].map(([key, list]) => {
    const [step = '', contender = ''] = JSON.parse(key) as string[]
    return { step, contender, unit: options.unit, values: list }
  })
}

/** @returns milliseconds, and what the function gave. */
export async function timed<T>(run: () => Promise<T>): Promise<{ readonly ms: number; readonly value: T }> {
  const begunAtMs = performance.now()
  const value = await run()
  return { ms: performance.now() - begunAtMs, value }
}

/** The value that so many of a hundred do not exceed. */
export function percentile(values: readonly number[], hundredth: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(Math.ceil((sorted.length * hundredth) / 100) - 1, 0)] ?? NaN
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2
}

/** The median of the ratios of each round: a slow minute of the machine is in both of a pair. */
export function medianRatio(ours: readonly number[], theirs: readonly number[]): number {
  return median(ours.map((value, round) => value / (theirs[round] ?? NaN)))
}

/** Processor time of a process and of those of its children that have ended, in seconds. @see proc_pid_stat(5) */
export function processorSeconds(pid: number | 'self'): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / CLOCK_TICKS_PER_SECOND
}

/** Processor time of the ended children alone, in seconds. */
export function childrenSeconds(): number {
  const stat = readFileSync('/proc/self/stat', 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields.slice(13, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / CLOCK_TICKS_PER_SECOND
}
