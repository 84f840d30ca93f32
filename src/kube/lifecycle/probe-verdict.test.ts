import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Probe } from '../api/pod.ts'
import type { ProbeOutcome, ProbeState } from './probe-verdict.ts'
import { nextProbeAtMs, recordProbeOutcome, resumedProbe } from './probe-verdict.ts'
import { NOW_MS } from './sample-pod.ts'

const probe: Probe = {
  exec: { command: ['true'] },
  timeoutSeconds: 1,
  periodSeconds: 10,
  successThreshold: 1,
  failureThreshold: 3,
}
const OUTCOMES: Readonly<Record<string, ProbeOutcome>> = { s: 'success', f: 'failure', e: 'error' }
const RESULTS = { unknown: '-', success: 'S', failure: 'F' }

describe('the verdict of a probe', () => {
  const rows: readonly (readonly [rule: string, change: Partial<Probe>, outcomes: string, results: string])[] = [
    ['P1: one success is enough', {}, 's', 'S'],
    ['P4: three failures in a row', {}, 'fff', '--F'],
    ['P4: not three in all', {}, 'sffsffsfff', 'SSSSSSSSSF'],
    ['P2: unknown until a threshold is reached', {}, 'ffs', '--S'],
    ['P5: readiness comes back', {}, 'sfffs', 'SSSFS'],
    ['P1: after as many successes as it asks for', { successThreshold: 2 }, 'ssfffsfss', '-SSSFFFFS'],
    ['P1: one failure is enough, if so asked', { failureThreshold: 1 }, 'sf', 'SF'],
    ['P7: an error counts for nothing', {}, 'fefeef', '-----F'],
    ['P7: nor as a success between failures', { failureThreshold: 2 }, 'sfef', 'SSSF'],
  ]
  for (const [rule, change, outcomes, results] of rows) {
    it(rule, () => {
      let state: ProbeState = { result: 'unknown' }
      const found = Array.from(outcomes, (outcome) => {
        state = recordProbeOutcome(state, OUTCOMES[outcome] ?? 'error', { ...probe, ...change })
        return RESULTS[state.result]
      })
      assert.equal(found.join(''), results)
    })
  }
})

describe('the schedule of a probe', () => {
  const delayed: Probe = { ...probe, initialDelaySeconds: 5 }
  const ran = (agoMs: number): ProbeState => ({ result: 'success', lastDueAtMs: NOW_MS - agoMs })
  const rows: readonly (readonly [rule: string, probe: Probe, state: ProbeState, sinceMs: number, inMs: number])[] = [
    ['P1: at once', probe, { result: 'unknown' }, 0, 0],
    ['P1: after its initial delay', delayed, { result: 'unknown' }, -2_000, 3_000],
    ['P1: then every period', delayed, ran(4_000), -60_000, 6_000],
    ['P1: a late one does not put off the next', probe, ran(10_000), -60_000, 0],
    ['P1: one that is a little late keeps its place', probe, ran(10_200), -60_000, -200],
    ['P1: many that were missed are made up for by one', probe, ran(47_000), -60_000, -7_000],
    ['P1: the first one, too', probe, { result: 'unknown' }, -33_000, -3_000],
  ]
  for (const [rule, asked, state, sinceMs, inMs] of rows) {
    it(rule, () => {
      assert.equal(nextProbeAtMs(asked, state, { sinceMs: NOW_MS + sinceMs, nowMs: NOW_MS }), NOW_MS + inMs)
    })
  }

  it('P13: after a restart of the agent it comes at some moment of one period', () => {
    const verdict = { result: 'failure', sinceMs: NOW_MS - 90_000 } as const
    for (const [fraction, inMs] of [
      [0, 0],
      [0.25, 2_500],
      [0.9, 9_000],
    ] as const) {
      const state = resumedProbe(probe, verdict, { nowMs: NOW_MS, fraction })
      assert.equal(state.result, 'failure')
      assert.equal(nextProbeAtMs(probe, state, { sinceMs: NOW_MS - 90_000, nowMs: NOW_MS }), NOW_MS + inMs)
    }
  })

  it('P13: but not before its initial delay is over', () => {
    const state = resumedProbe(delayed, undefined, { nowMs: NOW_MS, fraction: 0 })
    assert.deepEqual(state.result, 'unknown')
    assert.equal(nextProbeAtMs(delayed, state, { sinceMs: NOW_MS - 1_000, nowMs: NOW_MS }), NOW_MS + 4_000)
  })
})
