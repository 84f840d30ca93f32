import type { Probe } from '../api/pod.ts'
import type { ProbeVerdict } from './observed-pod.ts'

/** An error is a probe that could not be run: it says nothing about the container (P7). */
export type ProbeOutcome = 'success' | 'failure' | 'error'

/** How far one probe of one container instance has come. A new instance begins with `{ result: 'unknown' }`. */
export interface ProbeState {
  /** The verdict so far; unknown counts as what P2 says for the kind of probe. */
  readonly result: ProbeVerdict['result'] | 'unknown'
  /** Equal outcomes in a row, up to the last one. */
  readonly streak?: { readonly outcome: ProbeVerdict['result']; readonly length: number }
  /** When the last run was due, be it ever so late: what the next one counts from. */
  readonly lastDueAtMs?: number
}

/** Counts one more outcome: only as many in a row as the thresholds ask for change the verdict (P4). */
export function recordProbeOutcome(state: ProbeState, outcome: ProbeOutcome, probe: Probe): ProbeState {
  if (outcome === 'error') return state
  const length = state.streak?.outcome === outcome ? state.streak.length + 1 : 1
  const threshold = outcome === 'success' ? probe.successThreshold : probe.failureThreshold
  return { ...state, streak: { outcome, length }, result: length >= threshold ? outcome : state.result }
}

/**
 * When a probe runs next: after its initial delay, then on a grid of its period. Runs that were missed are made up for
 * by one, which is due at once.
 *
 * @param when sinceMs: from when on its initial delay counts; see DueProbe.
 * @returns an instant in the future, or the one on the grid, at or before now, that the run due now stands for.
 */
export function nextProbeAtMs(probe: Probe, state: ProbeState, when: { sinceMs: number; nowMs: number }): number {
  const firstAtMs = when.sinceMs + (probe.initialDelaySeconds ?? 0) * 1000
  const periodMs = probe.periodSeconds * 1000
  const nextAtMs = state.lastDueAtMs === undefined ? firstAtMs : Math.max(firstAtMs, state.lastDueAtMs + periodMs)
  const missed = Math.max(0, Math.floor((when.nowMs - nextAtMs) / periodMs))
  return nextAtMs + missed * periodMs
}

/**
 * A probe of a container that an agent which is gone has probed before: its verdict stays (S12), its first run comes at
 * a random moment of one period, so that those of many containers do not all come at once (P13).
 *
 * @param restart fraction: a random number from 0 to 1.
 */
export function resumedProbe(
  probe: Probe,
  verdict: ProbeVerdict | undefined,
  restart: { readonly nowMs: number; readonly fraction: number },
): ProbeState {
  const lastDueAtMs = restart.nowMs - Math.ceil((1 - restart.fraction) * probe.periodSeconds * 1000)
  return { result: verdict?.result ?? 'unknown', lastDueAtMs }
}
