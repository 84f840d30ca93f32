import type { ProbeVerdict } from './observed-pod.ts'
import type { ProbeOutcome, ProbeState } from './probe-verdict.ts'
import { nextProbeAtMs, recordProbeOutcome, resumedProbe } from './probe-verdict.ts'
import type { DueProbe } from './probes-due.ts'

export interface ProbeRun {
  readonly probe: DueProbe
  readonly atMs: number
}

/** Runs the probes of one simulated pod; what each of them finds, run by run, is written beforehand. */
export class SimulatedProber {
  readonly #outcomesOf: (probe: DueProbe) => readonly ProbeOutcome[]
  #states = new Map<string, ProbeState>()
  readonly #runs = new Map<string, number>()

  constructor(outcomesOf: (probe: DueProbe) => readonly ProbeOutcome[]) {
    this.#outcomesOf = outcomesOf
  }

  /** The earliest run of those probes that still have something to find. */
  nextRun(due: readonly DueProbe[], nowMs: number): ProbeRun | undefined {
    const runs = due
      .filter((probe) => (this.#runs.get(keyOf(probe)) ?? 0) < this.#outcomesOf(probe).length)
      .map((probe) => ({ probe, atMs: nextProbeAtMs(probe.probe, this.#stateOf(probe), { ...probe, nowMs }) }))
    return runs.reduce<ProbeRun | undefined>(
      (first, run) => (run.atMs < (first?.atMs ?? Infinity) ? run : first),
      undefined,
    )
  }

  /** @returns what the probe finds from now on, if that is something else than before. */
  run({ probe, atMs }: ProbeRun): ProbeVerdict['result'] | undefined {
    const key = keyOf(probe)
    const run = this.#runs.get(key) ?? 0
    this.#runs.set(key, run + 1)
    const before = this.#stateOf(probe)
    const after = recordProbeOutcome(before, this.#outcomesOf(probe)[run] ?? 'error', probe.probe)
    this.#states.set(key, { ...after, lastDueAtMs: atMs })
    return after.result === before.result || after.result === 'unknown' ? undefined : after.result
  }

  /** The agent is another one: it knows the verdicts only. */
  restart(due: readonly DueProbe[], verdictOf: (probe: DueProbe) => ProbeVerdict | undefined, nowMs: number): void {
    const resumed = due.map(
      (probe) => [keyOf(probe), resumedProbe(probe.probe, verdictOf(probe), { nowMs, fraction: 0.5 })] as const,
    )
    this.#states = new Map(resumed)
  }

  #stateOf(probe: DueProbe): ProbeState {
    return this.#states.get(keyOf(probe)) ?? { result: 'unknown' }
  }
}

function keyOf({ instance, kind }: DueProbe): string {
  return `${instance} ${kind}`
}
