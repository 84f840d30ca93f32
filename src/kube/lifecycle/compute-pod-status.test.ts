import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ContainerStatus, Pod, PodStatus } from '../api/pod.ts'
import { computePodStatus } from './compute-pod-status.ts'
import type { ObservedContainer, ObservedPod, ObservedSandbox } from './observed-pod.ts'
import {
  deletedPod,
  exit,
  exited,
  NOW_MS,
  READY,
  record,
  running,
  sampleContainer,
  samplePod,
  seenPod,
  starting,
  up,
} from './sample-pod.ts'

const ABSENT: ObservedSandbox = { is: 'absent' }
const NEVER = samplePod({ restartPolicy: 'Never' })
const HELD = { postStart: 'running', started: false, ready: false } as const
const ALL_ANEW = samplePod({
  initContainers: [],
  containers: [
    sampleContainer('web', {
      restartPolicy: 'Never',
      restartPolicyRules: [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [42] } }],
    }),
  ],
})
const AGAIN = record({ is: 'absent' }, { restarts: 2, crashes: 2, previous: exit(42) })
const PLAIN = samplePod({ initContainers: [], containers: [sampleContainer('web')] })

function statusOf(pod: Pod, seen: ObservedPod, previous?: PodStatus): PodStatus {
  return computePodStatus(pod, seen, previous, NOW_MS)
}

function containerOf(pod: Pod, seen: ObservedPod, name: string): ContainerStatus | undefined {
  const { containerStatuses = [], initContainerStatuses = [] } = statusOf(pod, seen)
  return [...initContainerStatuses, ...containerStatuses].find((container) => container.name === name)
}

function conditionOf(status: PodStatus, type: string): readonly (string | undefined)[] {
  const condition = status.conditions?.find((one) => one.type === type)
  return [condition?.status, condition?.reason, condition?.message]
}

describe('the whole status', () => {
  it('C3, S9: of a pod with one running container', () => {
    const pod = samplePod({ initContainers: [], containers: [sampleContainer('web')] }, { generation: 3 })
    const seen = seenPod({
      web: running(
        { id: 'abc' },
        {
          restarts: 2,
          previous: exit(1, { signal: 9, message: 'oops' }),
          image: { name: 'docker.io/library/web:1', id: 'sha256:d3fe' },
        },
      ),
    })
    const terminated = {
      exitCode: 1,
      signal: 9,
      reason: 'Error',
      message: 'oops',
      startedAt: '2026-11-20T09:14:54Z',
      finishedAt: '2026-11-20T09:14:59Z',
      containerID: 'peapod://id-1',
    }
    const yes = { status: 'True', observedGeneration: 3, lastTransitionTime: '2026-11-20T09:15:00Z' }
    assert.deepEqual(computePodStatus(pod, seen, { phase: 'Pending', qosClass: 'BestEffort' }, NOW_MS), {
      phase: 'Running',
      observedGeneration: 3,
      conditions: ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(
        (type) => ({ type, ...yes }),
      ),
      hostIP: '192.0.2.1',
      hostIPs: [{ ip: '192.0.2.1' }],
      podIP: '10.88.0.7',
      podIPs: [{ ip: '10.88.0.7' }],
      startTime: '2026-11-20T09:14:00Z',
      containerStatuses: [
        {
          name: 'web',
          state: { running: { startedAt: '2026-11-20T09:14:10Z' } },
          lastState: { terminated },
          ready: true,
          started: true,
          restartCount: 2,
          image: 'docker.io/library/web:1',
          imageID: 'sha256:d3fe',
          containerID: 'peapod://abc',
          resources: {},
        },
      ],
      qosClass: 'BestEffort',
    })
  })

  it('S1: the addresses of a sandbox that is gone are told until there are new ones', () => {
    const before = statusOf(PLAIN, seenPod({ web: running() }))
    const { podIP, hostIP, podIPs, hostIPs, conditions } = statusOf(
      PLAIN,
      seenPod({ web: exited(137) }, ABSENT),
      before,
    )
    assert.deepEqual([podIP, hostIP, podIPs, hostIPs], [before.podIP, before.hostIP, before.podIPs, before.hostIPs])
    assert.deepEqual(conditionOf({ ...(conditions && { conditions }) }, 'PodReadyToStartContainers'), [
      'False',
      undefined,
      undefined,
    ])
  })
})

describe('phase', () => {
  const done = { migrate: exited(0), proxy: exited(137), web: exited(0), worker: exited(0) }
  const deadline = samplePod({ activeDeadlineSeconds: 30 })
  const rows: readonly (readonly [rule: string, pod: Pod, seen: ObservedPod, phase: string, reason?: string])[] = [
    ['S10: Pending without a sandbox', NEVER, seenPod({}, ABSENT), 'Pending'],
    ['S10: Pending during init', NEVER, seenPod({ migrate: running() }), 'Pending'],
    ['S10: Pending while an app container never had a process', NEVER, seenPod(up({ worker: starting() })), 'Pending'],
    ['S10: Running then', NEVER, seenPod(up()), 'Running'],
    ['H1: Pending until its postStart hook is over', PLAIN, seenPod({ web: running(HELD) }), 'Pending'],
    [
      'H1: a restart does not take it back',
      PLAIN,
      seenPod({ web: running(HELD, { restarts: 1, previous: exit(1) }) }),
      'Running',
    ],
    ['R7: Running while all begin anew', ALL_ANEW, seenPod({ web: AGAIN }), 'Running'],
    [
      'S10: Running while all are to be restarted',
      samplePod(),
      seenPod(up({ web: exited(1), worker: exited(0) })),
      'Running',
    ],
    [
      'S10: Running with one that can not be executed',
      samplePod(),
      seenPod(up({ web: exited(128, {}, { reason: 'StartError' }) })),
      'Running',
    ],
    [
      'S11: Running while the sandbox is replaced',
      samplePod(),
      seenPod(up({ proxy: exited(137), web: exited(137), worker: exited(137) }), ABSENT),
      'Running',
    ],
    ['S10: Succeeded when all app containers exited 0, whatever the sidecars did', NEVER, seenPod(done), 'Succeeded'],
    ['S10: not while a sidecar still runs', NEVER, seenPod({ ...done, proxy: running() }), 'Running'],
    ['S10: Failed with one failure', NEVER, seenPod({ ...done, web: exited(7) }), 'Failed'],
    [
      'S10: OnFailure goes on after a failure',
      samplePod({ restartPolicy: 'OnFailure' }),
      seenPod({ ...done, web: exited(7) }),
      'Running',
    ],
    ['S3: Failed when init failed for good', NEVER, seenPod({ migrate: exited(3) }), 'Failed'],
    ['S3: Pending while init is tried again', samplePod(), seenPod({ migrate: exited(3) }), 'Pending'],
    [
      'S13: Failed after the deadline',
      deadline,
      seenPod(up({ proxy: exited(0), web: exited(0), worker: exited(0) })),
      'Failed',
      'DeadlineExceeded',
    ],
    [
      'S13: not when it was over before',
      { ...deadline, status: { phase: 'Succeeded' } },
      seenPod({}, ABSENT),
      'Succeeded',
    ],
    ['S13: once nothing runs any more', deadline, seenPod(up({ web: exited(0), worker: exited(0) })), 'Running'],
    [
      'H10: a deleted pod goes on as it is while it stops',
      deletedPod(30, 10_000, samplePod()),
      seenPod(up({ web: exited(0) })),
      'Running',
    ],
    [
      'H10: and has succeeded if all exited 0, even under Always',
      deletedPod(30, 10_000, samplePod()),
      seenPod(done),
      'Succeeded',
    ],
    ['H10: or failed', deletedPod(30, 10_000, samplePod()), seenPod({ ...done, web: exited(137) }), 'Failed'],
    ['H10: also when it never got to run', deletedPod(30, 10_000, samplePod()), seenPod({}, ABSENT), 'Failed'],
    [
      'S11: a pod that restarts nothing fails with its sandbox',
      NEVER,
      seenPod({ migrate: exited(0), proxy: exited(137) }, ABSENT),
      'Failed',
    ],
    [
      'invariant 7: a final phase holds',
      { ...samplePod(), status: { phase: 'Failed', reason: 'Evicted' } },
      seenPod(done),
      'Failed',
      'Evicted',
    ],
    ['S12: whose init records were cleaned up', NEVER, seenPod({ web: exited(0), worker: exited(0) }), 'Succeeded'],
  ]
  for (const [rule, pod, seen, phase, reason] of rows) {
    it(rule, () => {
      const status = statusOf(pod, seen)
      assert.deepEqual([status.phase, status.reason], [phase, reason])
    })
  }
})

describe('conditions', () => {
  const rows: readonly (readonly [
    rule: string,
    pod: Pod,
    seen: ObservedPod,
    type: string,
    verdict: readonly (string | undefined)[],
  ])[] = [
    ['S1: a sandbox is there', NEVER, seenPod({}), 'PodReadyToStartContainers', ['True', undefined, undefined]],
    [
      'S8: init is not done',
      samplePod(),
      seenPod({ migrate: running() }),
      'Initialized',
      ['False', 'ContainersNotInitialized', 'containers with incomplete status: [migrate proxy]'],
    ],
    [
      'S8: a sidecar counts when started',
      samplePod(),
      seenPod({ migrate: exited(0), proxy: running({ started: false }) }),
      'Initialized',
      ['False', 'ContainersNotInitialized', 'containers with incomplete status: [proxy]'],
    ],
    [
      'S8: done',
      samplePod(),
      seenPod({ migrate: exited(0), proxy: running() }),
      'Initialized',
      ['True', undefined, undefined],
    ],
    [
      'S8: a sidecar that restarts later takes nothing back',
      samplePod(),
      seenPod(up({ proxy: exited(1) })),
      'Initialized',
      ['True', undefined, undefined],
    ],
    [
      'S5: a sidecar counts toward readiness',
      samplePod(),
      seenPod(up({ proxy: running({ ready: false }) })),
      'Ready',
      ['False', 'ContainersNotReady', 'containers with unready status: [proxy]'],
    ],
    [
      'C3: all that are not ready',
      samplePod(),
      seenPod({}),
      'ContainersReady',
      ['False', 'ContainersNotReady', 'containers with unready status: [proxy web worker]'],
    ],
    [
      'C3: completed',
      NEVER,
      seenPod({ migrate: exited(0), web: exited(0), worker: exited(0) }),
      'Ready',
      ['False', 'PodCompleted', undefined],
    ],
    [
      'C3: completed, initialized',
      NEVER,
      seenPod({ migrate: exited(0), web: exited(0), worker: exited(0) }),
      'Initialized',
      ['True', 'PodCompleted', undefined],
    ],
    ['C3: failed', NEVER, seenPod({ migrate: exited(1) }), 'ContainersReady', ['False', 'PodFailed', undefined]],
    [
      'R7: told while it is under way',
      ALL_ANEW,
      seenPod({ web: exited(42) }),
      'AllContainersRestarting',
      ['True', 'RestartAllContainersStarted', 'container web exited with restart policy rule'],
    ],
    [
      'R7: not any more when all begin anew',
      ALL_ANEW,
      seenPod({ web: AGAIN }),
      'AllContainersRestarting',
      ['False', undefined, undefined],
    ],
    ['R7: which was initialized', ALL_ANEW, seenPod({ web: AGAIN }), 'Initialized', ['True', undefined, undefined]],
    [
      'R7: not in a pod that is over',
      ALL_ANEW,
      seenPod({ web: exited(0) }),
      'AllContainersRestarting',
      ['False', 'PodCompleted', undefined],
    ],
    [
      'R7: nor of a pod without such a rule',
      samplePod(),
      seenPod(up()),
      'AllContainersRestarting',
      [undefined, undefined, undefined],
    ],
    [
      'C2: a gate that is shut',
      samplePod({ readinessGates: [{ conditionType: 'a/b' }] }, {}),
      seenPod(up()),
      'ContainersReady',
      ['True', undefined, undefined],
    ],
    [
      'C2: a gate that nobody opened',
      samplePod({ readinessGates: [{ conditionType: 'a/b' }] }),
      seenPod(up()),
      'Ready',
      ['False', 'ReadinessGatesNotReady', 'corresponding condition of pod readiness gate "a/b" does not exist.'],
    ],
  ]
  for (const [rule, pod, seen, type, verdict] of rows) {
    it(rule, () => {
      assert.deepEqual(conditionOf(statusOf(pod, seen), type), verdict)
    })
  }

  it('C3: the time of a change stays until the next one; foreign conditions stay', () => {
    const gated = samplePod({ readinessGates: [{ conditionType: 'a/b' }] })
    const foreign = { type: 'a/b', status: 'True', lastTransitionTime: '2026-11-20T08:00:00Z' }
    const first = computePodStatus(gated, seenPod(up()), { conditions: [foreign] }, NOW_MS)
    const later = computePodStatus(gated, seenPod(up({ web: exited(1) })), first, NOW_MS + 5_000)
    const timeOf = (type: string) => later.conditions?.find((one) => one.type === type)?.lastTransitionTime
    assert.deepEqual(conditionOf(first, 'Ready'), ['True', undefined, undefined])
    assert.deepEqual(later.conditions?.[0], foreign)
    assert.deepEqual([timeOf('Ready'), timeOf('PodScheduled')], ['2026-11-20T09:15:05Z', '2026-11-20T09:15:00Z'])
  })
})

describe('container states', () => {
  const notStarted = (reason: 'ErrImagePull' | 'CreateContainerConfigError', agoMs: number) =>
    record({ is: 'not-started', reason, message: 'no such thing', failedAtMs: NOW_MS - agoMs, attempts: 1 })
  const waiting = (reason: string, message?: string) => ({
    waiting: { reason, ...(message !== undefined && { message }) },
  })
  const crashLoop = (span: string) =>
    waiting('CrashLoopBackOff', `back-off ${span} restarting failed container=web pod=web_default(6c71917c)`)
  const ended = (exitCode: number, reason: string, message?: string, ran = true) => ({
    terminated: {
      exitCode,
      reason,
      ...(message !== undefined && { message }),
      startedAt: ran ? '2026-11-20T09:14:54Z' : '1970-01-01T00:00:00Z',
      finishedAt: '2026-11-20T09:14:59Z',
      containerID: 'peapod://id-1',
    },
  })
  const unexecutable = { reason: 'StartError', message: 'no /nope', startedAtMs: 0 }
  type Row = readonly [rule: string, pod: Pod, web: ObservedContainer | undefined, state: object, lastState: object]
  const rows: readonly Row[] = [
    ['R9: not there yet', PLAIN, undefined, waiting('ContainerCreating'), {}],
    ['R9: behind init containers', samplePod(), undefined, waiting('PodInitializing'), {}],
    ['R9: starting', PLAIN, starting(), waiting('ContainerCreating'), {}],
    ['R9: a failed pull', PLAIN, notStarted('ErrImagePull', 999), waiting('ErrImagePull', 'no such thing'), {}],
    [
      'R9: then its back-off',
      PLAIN,
      notStarted('ErrImagePull', 1_000),
      waiting('ImagePullBackOff', 'Back-off pulling image "example.com/web:1": ErrImagePull: no such thing'),
      {},
    ],
    [
      'R9: a missing ConfigMap',
      PLAIN,
      notStarted('CreateContainerConfigError', 9_000),
      waiting('CreateContainerConfigError', 'no such thing'),
      {},
    ],
    [
      'R9: an end is told first',
      PLAIN,
      exited(1, { crashes: 1 }, { finishedAtMs: NOW_MS - 999 }),
      ended(1, 'Error'),
      {},
    ],
    ['R9: then the back-off', PLAIN, exited(1, { crashes: 1 }), crashLoop('10s'), ended(1, 'Error')],
    ['R9: the back-off of a success', PLAIN, exited(0, { crashes: 4 }), crashLoop('1m20s'), ended(0, 'Completed')],
    ['R9: its longest', PLAIN, exited(1, { crashes: 9 }), crashLoop('5m0s'), ended(1, 'Error')],
    [
      'R9: what is not restarted stays ended',
      samplePod({
        initContainers: [],
        restartPolicy: 'Never',
        containers: [sampleContainer('web'), sampleContainer('other')],
      }),
      exited(1, { crashes: 1 }),
      ended(1, 'Error'),
      {},
    ],
    ['R9: nor in a deleted pod', deletedPod(30, 10_000, PLAIN), exited(1, { crashes: 1 }), ended(1, 'Error'), {}],
    ['H1: its postStart hook runs', PLAIN, running(HELD), waiting('ContainerCreating'), {}],
    [
      'H1: its postStart hook failed',
      PLAIN,
      exited(1, {}, { postStartFailure: 'exited with 2' }),
      waiting('PostStartHookError', 'exited with 2'),
      ended(1, 'Error'),
    ],
    [
      'H1: the back-off after it',
      PLAIN,
      exited(1, { crashes: 1 }, { postStartFailure: 'exited with 2' }),
      crashLoop('10s'),
      ended(1, 'Error'),
    ],
    ['H1: and is not tried again', NEVER, exited(1, {}, { postStartFailure: 'exited with 2' }), ended(1, 'Error'), {}],
    ['R7: the one that asked for it, under way', ALL_ANEW, exited(42), ended(42, 'Error'), {}],
    ['R7: the back-off after it', ALL_ANEW, AGAIN, crashLoop('10s'), ended(42, 'Error')],
    [
      'R7: all anew, without a back-off',
      ALL_ANEW,
      record({ is: 'absent' }, { restarts: 1, crashes: 1, previous: exit(42) }),
      waiting('ContainerCreating'),
      ended(42, 'Error'),
    ],
    [
      'C4: another image ends the back-off',
      PLAIN,
      exited(1, { crashes: 3, specImage: 'example.com/old:1' }),
      ended(1, 'Error'),
      {},
    ],
    [
      'R9: restarting after a back-off',
      PLAIN,
      starting({ crashes: 2, restarts: 2, previous: exit(1) }),
      crashLoop('10s'),
      ended(1, 'Error'),
    ],
    ['R9: restarting at once', PLAIN, starting({ crashes: 1, restarts: 1, previous: exit(1) }), ended(1, 'Error'), {}],
    [
      'R9: a program that can not be executed',
      PLAIN,
      exited(128, {}, unexecutable),
      waiting('RunContainerError', 'no /nope'),
      ended(128, 'StartError', 'no /nope', false),
    ],
    [
      'R9: and is not tried again',
      NEVER,
      exited(128, {}, unexecutable),
      ended(128, 'StartError', 'no /nope', false),
      {},
    ],
  ]
  for (const [rule, pod, web, state, lastState] of rows) {
    it(rule, () => {
      const told = containerOf(pod, seenPod(web === undefined ? {} : { web }), 'web')
      assert.deepEqual([told?.state, told?.lastState], [state, lastState])
    })
  }

  it('S11: an init container that has to run again waits', () => {
    const told = containerOf(samplePod(), seenPod({ migrate: exited(0) }, { ...READY, attempt: 1 }), 'migrate')
    assert.deepEqual([told?.state, told?.ready], [waiting('PodInitializing'), false])
  })

  it('S12: the end of an init container is told after its record is gone', () => {
    const before = statusOf(samplePod(), seenPod(up()))
    const after = statusOf(samplePod(), seenPod({ proxy: running(), web: running(), worker: running() }), before)
    assert.deepEqual(after.initContainerStatuses, before.initContainerStatuses)
  })

  it('R9: an app container that never ran in a pod that is over', () => {
    const late = samplePod({ initContainers: [], containers: [sampleContainer('web')], activeDeadlineSeconds: 5 })
    const told = containerOf(late, seenPod({ web: notStarted('ErrImagePull', 9_000) }), 'web')
    assert.equal(told?.state?.terminated?.reason, 'ContainerStatusUnknown')
  })

  it('H8: what asks it to stop', () => {
    const told = containerOf(PLAIN, seenPod({ web: running({}, { stopSignal: 'SIGQUIT' }) }), 'web')
    assert.equal(told?.stopSignal, 'SIGQUIT')
  })

  it('H1: a container whose hook runs has no ID and no restart yet', () => {
    const again = running({ ...HELD, id: 'id-2' }, { restarts: 1, crashes: 1, previous: exit(1) })
    const told = containerOf(PLAIN, seenPod({ web: again }), 'web')
    assert.deepEqual([told?.containerID, told?.restartCount], ['peapod://id-1', 0])
  })

  it('invariant 6: restartCount never goes down', () => {
    const before = statusOf(PLAIN, seenPod({ web: running({}, { restarts: 4 }) }))
    const after = statusOf(PLAIN, seenPod({ web: running() }), before)
    assert.equal(after.containerStatuses?.[0]?.restartCount, 4)
  })

  it('S9: ready and started of every kind', () => {
    const { containerStatuses = [], initContainerStatuses = [] } = statusOf(
      samplePod(),
      seenPod(up({ worker: running({ started: false, ready: false }) })),
    )
    assert.deepEqual(
      [...initContainerStatuses, ...containerStatuses].map(({ name, ready, started }) => [name, ready, started]),
      [
        ['migrate', true, false],
        ['proxy', true, true],
        ['web', true, true],
        ['worker', false, false],
      ],
    )
  })
})
