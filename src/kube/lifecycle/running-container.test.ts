import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Container, Probe } from '../api/pod.ts'
import { computePodStatus } from './compute-pod-status.ts'
import type { PostStartCourse, ProbeKind, ProbeVerdict, RunningContainer } from './observed-pod.ts'
import { afterAgentRestart, legacyOf, runningContainer, withPostStart, withVerdict } from './running-container.ts'
import { deletedPod, NOW_MS, running, sampleContainer, samplePod, seenPod } from './sample-pod.ts'

const probe: Probe = {
  tcpSocket: { port: 80 },
  timeoutSeconds: 1,
  periodSeconds: 10,
  successThreshold: 1,
  failureThreshold: 3,
}
const process = { id: 'id-1', startedAtMs: NOW_MS }
const hook = { lifecycle: { postStart: { sleep: { seconds: 1 } } } }

type Found = PostStartCourse | readonly [ProbeKind, ProbeVerdict['result']]

function after(container: Container, found: readonly Found[]): RunningContainer {
  return found.reduce<RunningContainer>(
    (running, each) =>
      Array.isArray(each)
        ? withVerdict(container, running, {
            kind: each[0] as ProbeKind,
            verdict: { result: each[1] as ProbeVerdict['result'], sinceMs: NOW_MS },
          })
        : withPostStart(container, running, each as PostStartCourse),
    runningContainer(container, process),
  )
}

describe('started and ready', () => {
  const all = { ...hook, startupProbe: probe, readinessProbe: probe, livenessProbe: probe }
  const rows: readonly (readonly [rule: string, change: Partial<Container>, found: readonly Found[], is: string])[] = [
    ['P2: without probes and hooks, at once', {}, [], 'started ready'],
    ['P2: liveness holds nothing back', { livenessProbe: probe }, [], 'started ready'],
    ['P2: not ready until the probe says so', { readinessProbe: probe }, [], 'started'],
    ['P5: ready', { readinessProbe: probe }, [['readiness', 'success']], 'started ready'],
    [
      'P5: not any more',
      { readinessProbe: probe },
      [
        ['readiness', 'success'],
        ['readiness', 'failure'],
      ],
      'started',
    ],
    ['P2: not started until the startup probe says so', { startupProbe: probe }, [], ''],
    ['S4: started', { startupProbe: probe }, [['startup', 'success']], 'started ready'],
    ['H1: a hook that is due holds it back', hook, [], ''],
    ['H1: one that runs, too', hook, ['running'], ''],
    ['S4: started after the hook', hook, ['running', 'done'], 'started ready'],
    ['H1: not when the hook failed', hook, ['running', { failed: 'no' }], ''],
    ['S4: all of them', all, ['done', ['startup', 'success']], 'started'],
    ['P5: and ready then', all, ['done', ['startup', 'success'], ['readiness', 'success']], 'started ready'],
  ]
  for (const [rule, change, found, is] of rows) {
    it(rule, () => {
      const { started, ready } = after(sampleContainer('web', change), found)
      assert.equal([started && 'started', ready && 'ready'].filter(Boolean).join(' '), is)
    })
  }
})

describe('what stays', () => {
  const web = sampleContainer('web', { ...hook, readinessProbe: probe })

  it('S12: of a container after a restart of the agent: what probes found and hooks did', () => {
    const ready = after(web, ['done', ['readiness', 'success']])
    assert.deepEqual(afterAgentRestart(ready), ready)
  })

  it('H1, H5: but its hook and its stop are begun again', () => {
    const stopping = { sinceMs: NOW_MS, graceSeconds: 30, preStop: 'running' } as const
    const running = { ...after(web, ['running']), stopping }
    assert.deepEqual(afterAgentRestart(running), after(web, []))
  })

  it('of a container after its end: why it was stopped, and what its hook said', () => {
    assert.deepEqual(legacyOf(after(web, ['done'])), {})
    const stopped = {
      ...after(web, [{ failed: 'exited with 2' }]),
      stopping: { sinceMs: NOW_MS, graceSeconds: 30, because: 'PostStartFailed' },
    } as const
    assert.deepEqual(legacyOf(stopped), { stoppedBecause: 'PostStartFailed', postStartFailure: 'exited with 2' })
  })
})

describe('P6: in a deleted pod the startup probe counts as having succeeded', () => {
  const rows: readonly (readonly [rule: string, probes: RunningContainer['probes'], told: readonly boolean[]])[] = [
    ['who has found nothing yet', {}, [true, false]],
    ['who had failed', { startup: { result: 'failure', sinceMs: NOW_MS } }, [true, false]],
    ['readiness is asked as ever', { readiness: { result: 'success', sinceMs: NOW_MS } }, [true, true]],
  ]
  for (const [rule, probes = {}, told] of rows) {
    it(rule, () => {
      const web = sampleContainer('web', { startupProbe: probe, readinessProbe: probe })
      const pod = samplePod({ initContainers: [], containers: [web] })
      const seen = seenPod({ web: running({ probes, started: false, ready: false }) })
      const [status] = computePodStatus(deletedPod(30, 0, pod), seen, undefined, NOW_MS).containerStatuses ?? []
      assert.deepEqual([status?.started, status?.ready], told)
      const [before] = computePodStatus(pod, seen, undefined, NOW_MS).containerStatuses ?? []
      assert.deepEqual([before?.started, before?.ready], [false, false])
    })
  }
})
