import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Container, ContainerStatus, Pod } from '../api/pod.ts'
import { computePodActions } from './compute-pod-actions.ts'
import { computePodEvents } from './compute-pod-events.ts'
import { computePodStatus } from './compute-pod-status.ts'
import type { ObservedContainer, ObservedPod, ObservedSandbox } from './observed-pod.ts'
import type { PodAction } from './pod-action.ts'
import {
  deletedPod,
  exit,
  exited,
  lookAgainIn,
  NOW_MS,
  READY,
  record,
  running,
  sampleContainer,
  samplePod,
  seenPod,
  start,
  starting,
  terminate,
  up,
} from './sample-pod.ts'

const DEBUGGER = sampleContainer('debugger')
const ABSENT: ObservedSandbox = { is: 'absent' }
const SECOND: ObservedSandbox = { ...READY, attempt: 1 }

function debugged(change: Partial<Pod['spec']> = {}): Pod {
  return samplePod({ ephemeralContainers: [DEBUGGER], ...change })
}

type Row = readonly [rule: string, pod: Pod, seen: ObservedPod, actions: readonly PodAction[]]

function check(rows: readonly Row[]): void {
  for (const [rule, pod, seen, actions] of rows) {
    it(rule, () => assert.deepEqual(computePodActions(pod, seen, NOW_MS), actions))
  }
}

const notPulled = record({
  is: 'not-started',
  reason: 'ErrImagePull',
  message: 'no such image',
  failedAtMs: NOW_MS - 1_000,
  attempts: 1,
})

describe('an ephemeral container is started once', () => {
  check([
    ['C1: in a pod that runs', debugged(), seenPod(up()), [start('debugger')]],
    ['C1: not before there is a sandbox', debugged(), seenPod({}, ABSENT), [{ do: 'create-sandbox', attempt: 0 }]],
    ['C1: before the init containers', debugged(), seenPod({}), [start('debugger'), start('migrate')]],
    [
      'C1: while an init container fails again and again',
      debugged(),
      seenPod({ migrate: exited(1, { crashes: 1 }) }),
      [start('debugger'), lookAgainIn(9_000)],
    ],
    ['C1: not twice', debugged(), seenPod(up({ debugger: starting() })), []],
    ['C1: nothing is done to one that runs', debugged(), seenPod(up({ debugger: running() })), []],
    ['C1: not after it failed', debugged(), seenPod(up({ debugger: exited(1) })), []],
    ['C1: not after it succeeded', debugged(), seenPod(up({ debugger: exited(0) })), []],
    [
      'C1: not when there was no such program',
      debugged(),
      seenPod(up({ debugger: exited(128, {}, { reason: 'StartError' }) })),
      [],
    ],
    [
      'S11, C1: not in another sandbox either',
      debugged(),
      seenPod({ migrate: exited(0), proxy: exited(137), web: exited(137), debugger: exited(137) }, SECOND),
      [start('migrate')],
    ],
    [
      'Q10: its image is pulled again after a back-off',
      debugged(),
      seenPod(up({ debugger: notPulled })),
      [lookAgainIn(9_000)],
    ],
    [
      'C1: each of several, beside each other',
      debugged({ ephemeralContainers: [DEBUGGER, sampleContainer('shell')] }),
      seenPod(up()),
      [start('debugger'), start('shell')],
    ],
    [
      'C1: none in a pod that is over',
      debugged({ restartPolicy: 'Never' }),
      seenPod({ migrate: exited(0), web: exited(0), worker: exited(0) }),
      [{ do: 'remove-sandbox' }],
    ],
    ['C1: none in a pod that is deleted', deletedPod(30, 0, debugged()), seenPod({}), [{ do: 'remove-sandbox' }]],
  ])
})

describe('an ephemeral container ends with its pod', () => {
  const looked = up({ debugger: running() })
  check([
    [
      'C1, H6: it hears of it at once, as app containers do',
      deletedPod(30, 0, debugged()),
      seenPod(looked),
      [
        terminate('web', 30, 'PodDeleted'),
        terminate('worker', 30, 'PodDeleted'),
        terminate('debugger', 30, 'PodDeleted'),
        lookAgainIn(30_000),
      ],
    ],
    [
      'C1, H6: no sidecar waits for it',
      deletedPod(30, 0, debugged()),
      seenPod({ ...looked, web: exited(0), worker: exited(0) }),
      [terminate('proxy', 30, 'PodDeleted'), terminate('debugger', 30, 'PodDeleted')],
    ],
    [
      'C1: the sandbox stays until it has ended',
      deletedPod(30, 1_000, debugged()),
      seenPod({
        debugger: running({ stopping: { sinceMs: NOW_MS - 1_000, graceSeconds: 30, terminatedAtMs: NOW_MS - 1_000 } }),
      }),
      [lookAgainIn(29_000)],
    ],
    [
      'H7, C1: it does not keep up a pod whose app containers have ended',
      debugged({ restartPolicy: 'Never', initContainers: [] }),
      seenPod({ web: exited(0), worker: exited(0), debugger: running() }),
      [terminate('debugger', 30, 'PodFinished')],
    ],
    [
      'S11: nor a sandbox that was lost',
      debugged({ initContainers: [] }),
      seenPod({ web: exited(137), worker: exited(137), debugger: running() }, ABSENT),
      [terminate('debugger', 30, 'SandboxChanged')],
    ],
  ])
})

describe('an ephemeral container when all containers begin anew', () => {
  const rules: Partial<Container> = {
    restartPolicy: 'Never',
    restartPolicyRules: [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [42] } }],
  }
  const pod = debugged({ initContainers: [], containers: [sampleContainer('web', rules), sampleContainer('worker')] })
  const webEnded = (worker: ObservedContainer) => seenPod({ web: exited(42), worker, debugger: running() })
  check([
    [
      'R7: it is not killed',
      pod,
      webEnded(running()),
      [{ do: 'kill', container: 'worker', because: 'AllContainersRestarting' }],
    ],
    ['R7: nobody waits for its end', pod, webEnded(exited(137)), [{ do: 'reset-containers' }]],
  ])
})

describe('what is told of an ephemeral container', () => {
  const statusIn = (pod: Pod, seen: ObservedPod) => computePodStatus(pod, seen, undefined, NOW_MS)
  const told = (record: ObservedContainer | undefined, pod = debugged()): ContainerStatus | undefined =>
    statusIn(pod, seenPod(up(record === undefined ? {} : { debugger: record }))).ephemeralContainerStatuses?.[0]

  it('C1: never that it is ready, nor whether it has started', () => {
    assert.deepEqual(told(running({ id: 'abc' }, { image: { name: 'tools:1', id: 'sha256:7001' } })), {
      name: 'debugger',
      state: { running: { startedAt: '2026-11-20T09:14:10Z' } },
      lastState: {},
      ready: false,
      restartCount: 0,
      image: 'tools:1',
      imageID: 'sha256:7001',
      containerID: 'peapod://abc',
      resources: {},
    })
  })

  it('R9: that it waits', () => {
    assert.deepEqual(told(undefined)?.state, { waiting: { reason: 'PodInitializing' } })
    const plain = told(undefined, debugged({ initContainers: [] }))
    assert.deepEqual(plain?.state, { waiting: { reason: 'ContainerCreating' } })
    assert.equal(told(notPulled)?.state?.waiting?.reason, 'ImagePullBackOff')
  })

  it('C1: its end, also when it ended in a sandbox that is gone', () => {
    assert.equal(told(exited(3))?.state?.terminated?.exitCode, 3)
    const seen = seenPod({ debugger: exited(3) }, SECOND)
    assert.deepEqual(statusIn(debugged(), seen).ephemeralContainerStatuses?.[0]?.state, {
      terminated: {
        exitCode: 3,
        reason: 'Error',
        startedAt: '2026-11-20T09:14:54Z',
        finishedAt: '2026-11-20T09:14:59Z',
        containerID: 'peapod://id-1',
      },
    })
  })

  it('C1: it decides neither phase nor readiness', () => {
    for (const state of [running(), exited(1), notPulled, starting(), record(exit(137))]) {
      const { phase, conditions } = statusIn(debugged(), seenPod(up({ debugger: state })))
      assert.equal(phase, 'Running')
      assert.equal(conditions?.find(({ type }) => type === 'Ready')?.status, 'True')
    }
  })

  it('S10: a final phase comes once it has ended', () => {
    const pod = debugged({ restartPolicy: 'Never', initContainers: [] })
    const ended = { web: exited(0), worker: exited(0) }
    assert.equal(statusIn(pod, seenPod({ ...ended, debugger: running() })).phase, 'Running')
    assert.equal(statusIn(pod, seenPod({ ...ended, debugger: exited(143) })).phase, 'Succeeded')
  })

  it('no list of none', () => {
    assert.equal('ephemeralContainerStatuses' in statusIn(samplePod(), seenPod(up())), false)
  })

  it('Q10: that its image is waited for, in an event', () => {
    const now = { status: statusIn(debugged(), seenPod(up({ debugger: notPulled }))), course: undefined }
    const before = { status: undefined, course: undefined }
    const events = computePodEvents(debugged(), before, now)
    assert.deepEqual(
      events.map(({ reason, container }) => [reason, container]),
      [
        ['BackOff', 'debugger'],
        ['Failed', 'debugger'],
      ],
    )
  })
})
