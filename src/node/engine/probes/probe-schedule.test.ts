import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Probe } from '../../../kube/api/pod.ts'
import type { ProbeKind, ProbeVerdict } from '../../../kube/lifecycle/observed-pod.ts'
import type { ProbeOutcome } from '../../../kube/lifecycle/probe-verdict.ts'
import type { DueProbe } from '../../../kube/lifecycle/probes-due.ts'
import { VirtualClock } from '../../../machine/runtime/fake/virtual-clock.ts'
import { type ProbeOwner, ProbeSchedule, type Resumed } from './probe-schedule.ts'

const START_MS = 1_000_000

function due(kind: ProbeKind, change: Partial<Probe> = {}, instance = 'one'): DueProbe {
  const probe = { timeoutSeconds: 1, periodSeconds: 1, successThreshold: 1, failureThreshold: 3, ...change }
  return { container: 'app', instance, kind, probe, sinceMs: START_MS }
}

/** A pod whose probes answer as they are told. */
class Answers implements ProbeOwner {
  readonly clock = new VirtualClock(START_MS)
  readonly schedule = new ProbeSchedule(this.clock, () => 0.25)
  /** What ran, and when, in milliseconds since the start. */
  readonly runs: string[] = []
  readonly verdicts: string[] = []
  readonly brokenOff: string[] = []
  answer: (due: DueProbe) => ProbeOutcome | Promise<ProbeOutcome> = () => 'success'

  get atMs(): number {
    return this.clock.nowMs() - START_MS
  }

  follow(probes: readonly DueProbe[], resumed?: Resumed): void {
    this.schedule.follow(this, probes, resumed)
  }

  async run(probe: DueProbe, signal: AbortSignal): Promise<ProbeOutcome> {
    this.runs.push(`${probe.kind} ${this.atMs}`)
    signal.addEventListener('abort', () => this.brokenOff.push(probe.kind))
    return this.answer(probe)
  }

  judged({ kind }: DueProbe, { result, sinceMs }: ProbeVerdict): void {
    this.verdicts.push(`${kind} ${result} ${sinceMs - START_MS}`)
  }

  takes(ms: number): Promise<ProbeOutcome> {
    return new Promise((resolve) => this.clock.callAt(this.clock.nowMs() + ms, () => resolve('success')))
  }
}

describe('the schedule of all probes', () => {
  it('runs each on the grid of its own delay and period (P1)', async () => {
    const pod = new Answers()
    pod.follow([due('liveness', { initialDelaySeconds: 2, periodSeconds: 3 }), due('readiness')])
    await pod.clock.advance(5_000)
    assert.deepEqual(pod.runs, [
      'readiness 0',
      'readiness 1000',
      'liveness 2000',
      'readiness 2000',
      'readiness 3000',
      'readiness 4000',
      'liveness 5000',
      'readiness 5000',
    ])
  })

  it('tells a verdict when it changes, and an error not at all (P4, P7)', async () => {
    const pod = new Answers()
    const outcomes: ProbeOutcome[] = ['failure', 'failure', 'error', 'failure', 'success', 'success', 'failure']
    pod.answer = () => outcomes.shift() ?? 'error'
    pod.follow([due('readiness', { successThreshold: 2 })])
    await pod.clock.advance(10_000)
    assert.deepEqual(pod.verdicts, ['readiness failure 3000', 'readiness success 5000'])
  })

  it('a probe that takes longer than its period is not run beside itself; one run makes up for those it missed', async () => {
    const pod = new Answers()
    pod.answer = () => pod.takes(2_300)
    pod.follow([due('liveness')])
    await pod.clock.advance(5_000)
    assert.deepEqual(pod.runs, ['liveness 0', 'liveness 2300', 'liveness 4600'])
    pod.answer = () => 'success'
    await pod.clock.advance(4_000)
    assert.deepEqual(pod.runs.slice(3), ['liveness 6900', 'liveness 7000', 'liveness 8000', 'liveness 9000'])
  })

  it('breaks off what is not followed any more, and forgets its outcome', async () => {
    const pod = new Answers()
    pod.answer = () => pod.takes(500).then(() => 'failure')
    pod.follow([due('liveness', { failureThreshold: 1 }), due('readiness', { failureThreshold: 1 })])
    await pod.clock.advance(100)
    pod.follow([due('readiness', { failureThreshold: 1 })])
    await pod.clock.advance(900)
    assert.deepEqual([pod.brokenOff, pod.verdicts], [['liveness'], ['readiness failure 500']])
    pod.follow([])
    pod.runs.length = 0
    await pod.clock.advance(5_000)
    assert.deepEqual(pod.runs, [])
  })

  it('a new instance begins anew (P4)', async () => {
    const pod = new Answers()
    pod.answer = () => 'failure'
    pod.follow([due('liveness', { failureThreshold: 2 })])
    await pod.clock.advance(500)
    pod.follow([{ ...due('liveness', { failureThreshold: 2 }, 'two'), sinceMs: START_MS + 500 }])
    await pod.clock.advance(500)
    assert.deepEqual([pod.runs, pod.verdicts], [['liveness 0', 'liveness 500'], []])
    await pod.clock.advance(500)
    assert.deepEqual(pod.verdicts, ['liveness failure 1500'])
  })

  it('a resumed probe keeps its verdict and runs first within one period (S12, P13)', async () => {
    const pod = new Answers()
    pod.answer = () => 'failure'
    const seen = { ...due('readiness', { periodSeconds: 4, failureThreshold: 2 }), sinceMs: START_MS - 60_000 }
    pod.follow([seen], () => ({ verdict: { result: 'success', sinceMs: START_MS - 50_000 } }))
    await pod.clock.advance(8_000)
    assert.deepEqual([pod.runs, pod.verdicts], [['readiness 1000', 'readiness 5000'], ['readiness failure 5000']])
  })

  it('goes on at once when the clock is set back', async () => {
    const pod = new Answers()
    let setBackMs = 0
    const clock = {
      nowMs: () => pod.clock.nowMs() - setBackMs,
      callAt: (atMs: number, callback: () => void) => pod.clock.callAt(atMs + setBackMs, callback),
    }
    const schedule = new ProbeSchedule(clock)
    schedule.follow(pod, [due('liveness', { periodSeconds: 2 }), due('readiness', { periodSeconds: 10 })])
    await pod.clock.advance(3_000)
    setBackMs = 3_600_000
    await pod.clock.advance(12_000)
    const liveness = pod.runs.filter((run) => run.startsWith('liveness'))
    assert.ok(liveness.length >= 6, liveness.join())
    assert.ok(pod.runs.filter((run) => run.startsWith('readiness')).length >= 2)
  })

  it('keeps the pods apart, on one timer, and on none when they are gone', async () => {
    const clock = new VirtualClock(START_MS)
    const timers = new Set<object>()
    const schedule = new ProbeSchedule({
      nowMs: () => clock.nowMs(),
      callAt(atMs, callback) {
        const timer = {}
        timers.add(timer)
        const forget = clock.callAt(atMs, () => {
          timers.delete(timer)
          callback()
        })
        return () => {
          timers.delete(timer)
          forget()
        }
      },
    })
    const runs: string[] = []
    const owner = (name: string): ProbeOwner => ({
      run: () => Promise.resolve(runs.push(name) > 0 ? 'success' : 'error'),
      judged: () => undefined,
    })
    const owners = ['a', 'b', 'c'].map(owner)
    for (const one of owners) schedule.follow(one, [due('liveness'), due('readiness')])
    assert.equal(timers.size, 1)
    await clock.advance(0)
    assert.equal(runs.toSorted().join(''), 'aabbcc')
    for (const one of owners) schedule.follow(one, [])
    assert.equal(timers.size, 0)
  })
})
