import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Container, Pod, Probe } from '../api/pod.ts'
import type { ObservedContainer, ObservedPod, ProbeVerdict } from './observed-pod.ts'
import { probesDue } from './probes-due.ts'
import {
  deletedPod,
  exited,
  NOW_MS,
  record,
  running,
  sampleContainer,
  samplePod,
  seenPod,
  starting,
} from './sample-pod.ts'

const probe: Probe = {
  httpGet: { port: 80 },
  timeoutSeconds: 1,
  periodSeconds: 10,
  successThreshold: 1,
  failureThreshold: 3,
}
const ALL: Partial<Container> = { startupProbe: probe, livenessProbe: probe, readinessProbe: probe }
const TWO: Partial<Container> = { livenessProbe: probe, readinessProbe: probe }

const podWith = (web: Partial<Container>) =>
  samplePod({ initContainers: [], containers: [sampleContainer('web', web)] })
const verdict = (result: ProbeVerdict['result']): ProbeVerdict => ({ result, sinceMs: NOW_MS - 7_000 })
const unstarted = { started: false, ready: false }

describe('the probes that are due', () => {
  type Row = readonly [rule: string, pod: Pod, web: ObservedContainer, kinds: readonly string[]]
  const rows: readonly Row[] = [
    ['without probes there are none', podWith({}), running(), []],
    ['P3: the startup probe alone', podWith(ALL), running(unstarted), ['startup 50s']],
    [
      'P3: the others when it has succeeded; their delays count from then',
      podWith(ALL),
      running({ probes: { startup: verdict('success') } }),
      ['liveness 7s', 'readiness 7s'],
    ],
    [
      'P4: none when it has failed',
      podWith(ALL),
      running({ ...unstarted, probes: { startup: verdict('failure') } }),
      [],
    ],
    ['P3: from the start without a startup probe', podWith(TWO), running(), ['liveness 50s', 'readiness 50s']],
    [
      'P4: a failed liveness probe waits for the next instance',
      podWith(TWO),
      running({ probes: { liveness: verdict('failure'), readiness: verdict('success') } }),
      ['readiness 50s'],
    ],
    [
      'P5: a failed readiness probe goes on',
      podWith(TWO),
      running({ ready: false, probes: { readiness: verdict('failure') } }),
      ['liveness 50s', 'readiness 50s'],
    ],
    [
      'P5, P6: a deleted pod is asked for its readiness only',
      deletedPod(30, 0, podWith(TWO)),
      running(),
      ['readiness 50s'],
    ],
    ['P6: even if it has not started', deletedPod(30, 0, podWith(ALL)), running(unstarted), ['readiness 50s']],
    [
      'P6: nor for anything else past its deadline',
      samplePod({ initContainers: [], containers: [sampleContainer('web', TWO)], activeDeadlineSeconds: 60 }),
      running(),
      ['readiness 50s'],
    ],
    ['P8: not while it is started', podWith(TWO), starting(), []],
    ['P8: not after its end', podWith(TWO), exited(1), []],
    ['P8: not when it could not be started', podWith(TWO), record({ is: 'absent' }), []],
    [
      'H1: not before its postStart hook is over',
      podWith({ ...TWO, lifecycle: { postStart: { sleep: { seconds: 1 } } } }),
      running({ ...unstarted, postStart: 'running' }),
      [],
    ],
    [
      'H1: from its start on then',
      podWith({ readinessProbe: probe, lifecycle: { postStart: { sleep: { seconds: 1 } } } }),
      running({ postStart: 'done' }),
      ['readiness 50s'],
    ],
  ]
  for (const [rule, pod, web, kinds] of rows) {
    it(rule, () => {
      const due = probesDue(pod, seenPod({ web }), NOW_MS)
      assert.deepEqual(
        due.map(({ kind, sinceMs }) => `${kind} ${String((NOW_MS - sinceMs) / 1_000)}s`),
        kinds,
      )
    })
  }

  it('S5: of a sidecar, too, each with the instance it asks', () => {
    const pod = samplePod({
      initContainers: [sampleContainer('proxy', { restartPolicy: 'Always', readinessProbe: probe })],
      containers: [sampleContainer('web', { livenessProbe: probe })],
    })
    const seen: ObservedPod = seenPod({ proxy: running({ id: 'p-3' }), web: running({ id: 'w-0' }) })
    const sinceMs = NOW_MS - 50_000
    assert.deepEqual(probesDue(pod, seen, NOW_MS), [
      { container: 'proxy', instance: 'p-3', kind: 'readiness', probe, sinceMs },
      { container: 'web', instance: 'w-0', kind: 'liveness', probe, sinceMs },
    ])
  })
})
