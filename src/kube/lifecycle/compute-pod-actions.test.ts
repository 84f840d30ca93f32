import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Pod } from '../api/pod.ts'
import { computePodActions } from './compute-pod-actions.ts'
import type { ObservedContainer, ObservedPod, ObservedSandbox } from './observed-pod.ts'
import type { PodAction } from './pod-action.ts'
import { FAST_BACK_OFF } from './restart-delay.ts'
import {
  deletedPod,
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

type Row = readonly [rule: string, pod: Pod, seen: ObservedPod, actions: readonly PodAction[]]

const ABSENT: ObservedSandbox = { is: 'absent' }
const SECOND: ObservedSandbox = { ...READY, attempt: 1 }
const ALWAYS = samplePod()
const ON_FAILURE = samplePod({ restartPolicy: 'OnFailure' })
const NEVER = samplePod({ restartPolicy: 'Never' })
const THREE_INITS = samplePod({ initContainers: ['one', 'two', 'three'].map((name) => sampleContainer(name)) })

const prepare = (container: string): PodAction => ({ do: 'prepare', container })

function stopping(agoMs: number, graceSeconds = 30): ObservedContainer {
  return running({ stopping: { sinceMs: NOW_MS - agoMs, graceSeconds, terminatedAtMs: NOW_MS - agoMs } })
}

function check(rows: readonly Row[]): void {
  for (const [rule, pod, seen, actions] of rows) {
    it(rule, () => {
      assert.deepEqual(computePodActions(pod, seen, NOW_MS), actions)
    })
  }
}

describe('eviction', () => {
  const evicted = { message: 'too much', atMs: NOW_MS }
  check([
    [
      'Q7: everybody but the sidecars hears of it, with one second left',
      ALWAYS,
      { ...seenPod(up()), evicted },
      [terminate('web', 2, 'Evicted'), terminate('worker', 2, 'Evicted'), lookAgainIn(1_000)],
    ],
    [
      'Q7: a pod that has ended by itself is not evicted any more',
      NEVER,
      { ...seenPod({ migrate: exited(0), web: exited(0), worker: exited(0) }), evicted },
      [{ do: 'remove-sandbox' }],
    ],
  ])
})

describe('the sandbox', () => {
  const failed: ObservedSandbox = { is: 'failed', message: 'no address', failedAtMs: NOW_MS - 4_000, attempts: 1 }
  check([
    ['S1: first of all', ALWAYS, seenPod({}, ABSENT), [{ do: 'create-sandbox', attempt: 0 }]],
    ['S1: nothing else until it is there', ALWAYS, seenPod({}, { is: 'changing' }), []],
    ['S1: a failure is tried again', ALWAYS, seenPod({}, failed), [lookAgainIn(6_000)]],
    [
      'S1: when its time has come',
      ALWAYS,
      seenPod({}, { ...failed, failedAtMs: NOW_MS - 10_000 }),
      [{ do: 'create-sandbox', attempt: 0 }],
    ],
    [
      'S11: a lost one is replaced when all have ended',
      ALWAYS,
      seenPod({ migrate: exited(0), proxy: exited(137), web: exited(137), worker: exited(137) }, ABSENT),
      [{ do: 'create-sandbox', attempt: 1 }],
    ],
    [
      'S11: what still runs in a lost one goes first, sidecars last',
      ALWAYS,
      seenPod(up(), ABSENT),
      [terminate('web', 30, 'SandboxChanged'), terminate('worker', 30, 'SandboxChanged'), lookAgainIn(30_000)],
    ],
    [
      'S11: the same when the new one is there already',
      ALWAYS,
      seenPod({ web: running() }, SECOND),
      [terminate('web', 30, 'SandboxChanged')],
    ],
    [
      'S11: in a new one all init containers run again',
      ALWAYS,
      seenPod({ migrate: exited(0), proxy: exited(137), web: exited(137), worker: exited(137) }, SECOND),
      [start('migrate')],
    ],
    [
      'S11: and order is kept',
      ALWAYS,
      seenPod({ migrate: exited(0, { sandboxAttempt: 1 }), proxy: exited(137), web: exited(137) }, SECOND),
      [start('proxy')],
    ],
    [
      'S11: what succeeded under OnFailure is not run again',
      ON_FAILURE,
      seenPod(
        {
          migrate: exited(0, { sandboxAttempt: 1 }),
          proxy: running({}, { sandboxAttempt: 1 }),
          web: exited(0),
          worker: exited(137),
        },
        SECOND,
      ),
      [start('worker')],
    ],
    [
      'S11: a pod that restarts nothing gets no second one',
      NEVER,
      seenPod({ migrate: exited(0), web: exited(137) }, ABSENT),
      [],
    ],
    ['S11: but one in which nothing ran does', NEVER, seenPod({}, ABSENT), [{ do: 'create-sandbox', attempt: 0 }]],
  ])
})

describe('start-up', () => {
  check([
    ['S2: the first init container', ALWAYS, seenPod({}), [start('migrate')]],
    [
      'S2: one at a time; what comes right after is made ready',
      THREE_INITS,
      seenPod({ one: starting() }),
      [prepare('two')],
    ],
    ['S2: the next one after success', THREE_INITS, seenPod({ one: exited(0) }), [start('two')]],
    ['S2: not before', THREE_INITS, seenPod({ one: exited(0), two: running() }), [prepare('three')]],
    [
      'S2: behind the last init container all the rest is made ready',
      ALWAYS,
      seenPod({ migrate: running() }),
      ['proxy', 'web', 'worker'].map(prepare),
    ],
    ['S3: a failed one is tried again under Always', ALWAYS, seenPod({ migrate: exited(1) }), [start('migrate')]],
    ['S3: with a back-off', ALWAYS, seenPod({ migrate: exited(1, { crashes: 2 }) }), [lookAgainIn(19_000)]],
    ['S3: and under OnFailure', ON_FAILURE, seenPod({ migrate: exited(1) }), [start('migrate')]],
    ['S3: under Never it is the end', NEVER, seenPod({ migrate: exited(1) }), [{ do: 'remove-sandbox' }]],
    [
      'S4: a sidecar holds up the next until it has started',
      ALWAYS,
      seenPod({ migrate: exited(0), proxy: running({ started: false, ready: false }) }),
      ['web', 'worker'].map(prepare),
    ],
    [
      'S4: its readiness is not waited for',
      ALWAYS,
      seenPod({ migrate: exited(0), proxy: running({ ready: false }) }),
      [start('web'), prepare('worker')],
    ],
    [
      'S4: one that crashed before it started is restarted, and waited for',
      ALWAYS,
      seenPod({ migrate: exited(0), proxy: exited(1) }),
      [start('proxy')],
    ],
    [
      'S6: a sidecar is restarted during init, whatever the policy',
      samplePod({
        restartPolicy: 'Never',
        initContainers: [sampleContainer('proxy', { restartPolicy: 'Always' }), sampleContainer('migrate')],
      }),
      seenPod({ proxy: exited(0), migrate: running() }),
      [start('proxy'), prepare('web'), prepare('worker')],
    ],
    [
      'S7: app containers start one by one',
      ALWAYS,
      seenPod({ migrate: exited(0), proxy: running(), web: starting() }),
      [prepare('worker')],
    ],
    [
      'S7: readiness of the one before is not waited for',
      ALWAYS,
      seenPod(up({ web: running({ ready: false }), worker: record({ is: 'absent' }) })),
      [start('worker')],
    ],
    [
      'S7: nor that it ever runs',
      ALWAYS,
      seenPod({
        migrate: exited(0),
        proxy: running(),
        web: record({
          is: 'not-started',
          reason: 'ErrImagePull',
          message: '',
          failedAtMs: NOW_MS - 2_000,
          attempts: 1,
        }),
      }),
      [start('worker'), lookAgainIn(8_000)],
    ],
    [
      'S12: finished init containers do not run again, even if their records are gone',
      ALWAYS,
      seenPod({ web: running(), worker: running(), proxy: running() }),
      [],
    ],
    ['S12: nor when only a later one is known', THREE_INITS, seenPod({ two: exited(0) }), [start('three')]],
    [
      'S12: a sidecar without a record is started',
      ALWAYS,
      seenPod({ web: running(), worker: running() }),
      [start('proxy')],
    ],
    ['a healthy pod is left alone', ALWAYS, seenPod(up()), []],
    [
      'a container may be called constructor',
      samplePod({ initContainers: [], containers: [sampleContainer('constructor')] }),
      seenPod({}),
      [start('constructor')],
    ],
  ])
})

describe('restarts', () => {
  check([
    ['R1: Always restarts a success', ALWAYS, seenPod(up({ web: exited(0) })), [start('web')]],
    ['R1: OnFailure does not', ON_FAILURE, seenPod(up({ web: exited(0) })), []],
    ['R1: but a failure', ON_FAILURE, seenPod(up({ web: exited(2) })), [start('web')]],
    ['R1: Never restarts nothing', NEVER, seenPod(up({ web: exited(2) })), []],
    [
      'R2: the second restart waits ten seconds from the exit; the back-off is told in between',
      ALWAYS,
      seenPod(up({ web: exited(1, { crashes: 1 }, { finishedAtMs: NOW_MS - 200 }) })),
      [lookAgainIn(800)],
    ],
    [
      'R2: and comes then',
      ALWAYS,
      seenPod(up({ web: exited(1, { crashes: 1 }, { finishedAtMs: NOW_MS - 10_000 }) })),
      [start('web')],
    ],
    [
      'R2: the earliest of several',
      ALWAYS,
      seenPod(up({ web: exited(1, { crashes: 3 }), worker: exited(0, { crashes: 1 }) })),
      [lookAgainIn(9_000)],
    ],
    [
      'R4: the fast curve',
      ALWAYS,
      { ...seenPod(up({ web: exited(1, { crashes: 2 }) })), backOff: FAST_BACK_OFF },
      [lookAgainIn(1_000)],
    ],
    [
      'R10: a restart is not held up by another container that stops',
      ALWAYS,
      seenPod(up({ web: exited(1), worker: stopping(1_000, 5) })),
      [start('web'), lookAgainIn(4_000)],
    ],
    ['R10: nor by one that starts', ALWAYS, seenPod(up({ web: starting(), worker: exited(1) })), [start('worker')]],
    [
      'P4: a stop of one container has its own end',
      ALWAYS,
      seenPod(up({ worker: stopping(5_000, 5) })),
      [{ do: 'kill', container: 'worker', because: 'LivenessFailed' }],
    ],
    [
      'Q10: a failed pull waits',
      ALWAYS,
      seenPod(
        up({
          web: record({
            is: 'not-started',
            reason: 'ErrImagePull',
            message: '',
            failedAtMs: NOW_MS - 5_000,
            attempts: 3,
          }),
        }),
      ),
      [lookAgainIn(35_000)],
    ],
    [
      'Q10: a missing ConfigMap is looked for every ten seconds',
      ALWAYS,
      seenPod(
        up({
          web: record({
            is: 'not-started',
            reason: 'CreateContainerConfigError',
            message: '',
            failedAtMs: NOW_MS - 10_000,
            attempts: 9,
          }),
        }),
      ),
      [start('web')],
    ],
    [
      'S6: a sidecar is restarted after init, with its own back-off',
      NEVER,
      seenPod(up({ proxy: exited(0, { crashes: 1 }) })),
      [lookAgainIn(9_000)],
    ],
  ])
})

describe('the end of itself', () => {
  const longUp = running({ startedAtMs: NOW_MS - 7_200_000 })
  const done = { migrate: exited(0), proxy: running(), web: exited(0), worker: exited(0) }
  check([
    [
      'H7: sidecars are stopped when all app containers are done',
      ON_FAILURE,
      seenPod(done),
      [terminate('proxy', 30, 'PodFinished')],
    ],
    ['H7: not before', ON_FAILURE, seenPod({ ...done, web: exited(1, { crashes: 1 }) }), [lookAgainIn(9_000)]],
    ['H7: the stop is seen through', ON_FAILURE, seenPod({ ...done, proxy: stopping(1_000) }), [lookAgainIn(29_000)]],
    [
      'H7: a sidecar that ended meanwhile is not restarted',
      ON_FAILURE,
      seenPod({ ...done, proxy: exited(1) }),
      [{ do: 'remove-sandbox' }],
    ],
    ['H7: then nothing', ON_FAILURE, seenPod({ ...done, proxy: exited(1) }, ABSENT), []],
    [
      'S3: sidecars of a pod whose init failed for good',
      NEVER,
      seenPod({ migrate: exited(3), proxy: running() }),
      [terminate('proxy', 30, 'PodFinished')],
    ],
    ['S13: not yet', samplePod({ activeDeadlineSeconds: 61 }), seenPod(up()), [lookAgainIn(1_000)]],
    [
      'S13: the deadline stops all, sidecars last',
      samplePod({ activeDeadlineSeconds: 60 }),
      seenPod(up()),
      [terminate('web', 30, 'DeadlineExceeded'), terminate('worker', 30, 'DeadlineExceeded'), lookAgainIn(30_000)],
    ],
    [
      'S13: it counts init too',
      samplePod({ activeDeadlineSeconds: 60 }),
      seenPod({ migrate: running() }),
      [terminate('migrate', 30, 'DeadlineExceeded')],
    ],
    [
      'S13: a pod that was done before stays as it ended',
      samplePod({ activeDeadlineSeconds: 60, restartPolicy: 'Never' }),
      seenPod({ ...done, web: exited(0, {}, { finishedAtMs: NOW_MS - 1 }) }),
      [terminate('proxy', 30, 'PodFinished')],
    ],
    [
      'S13: nor does the deadline reach one that is over on record',
      { ...samplePod({ activeDeadlineSeconds: 60 }), status: { phase: 'Succeeded' } },
      seenPod({ proxy: running() }),
      [terminate('proxy', 30, 'PodFinished')],
    ],
    [
      'invariant 7: a final phase on record holds without any record of the containers',
      { ...ALWAYS, status: { phase: 'Succeeded' } },
      seenPod({}, ABSENT),
      [],
    ],
    [
      'H7: the second sidecar shares the grace of the first',
      twoSidecars({ restartPolicy: 'OnFailure', terminationGracePeriodSeconds: 5 }),
      seenPod({
        first: running(),
        second: exited(137, {}, { finishedAtMs: NOW_MS }),
        web: exited(0, {}, { finishedAtMs: NOW_MS - 4_000 }),
      }),
      [terminate('first', 2, 'PodFinished')],
    ],
    [
      'H7: an agent that was down when it ended does not eat the grace',
      twoSidecars({ restartPolicy: 'OnFailure', terminationGracePeriodSeconds: 5 }),
      seenPod({ first: longUp, second: longUp, web: exited(0, {}, { finishedAtMs: NOW_MS - 3_600_000 }) }),
      [terminate('second', 5, 'PodFinished'), lookAgainIn(5_000)],
    ],
  ])
})

describe('deletion', () => {
  const two = twoSidecars()
  const twoUp = { first: running(), second: running(), web: running() }
  check([
    [
      'H6: app containers get the signal together, sidecars wait',
      deletedPod(30, 0),
      seenPod(up()),
      [terminate('web', 30, 'PodDeleted'), terminate('worker', 30, 'PodDeleted'), lookAgainIn(30_000)],
    ],
    [
      'H5: with the grace that is left',
      deletedPod(30, 12_000),
      seenPod(up({ worker: exited(0) })),
      [terminate('web', 18, 'PodDeleted'), lookAgainIn(18_000)],
    ],
    [
      'H5: a request dated to the whole second counts from its first effect',
      {
        ...ALWAYS,
        metadata: { ...ALWAYS.metadata, deletionTimestamp: '2026-11-20T09:15:01Z', deletionGracePeriodSeconds: 2 },
      },
      seenPod({ web: stopping(500, 2) }),
      [lookAgainIn(1_500)],
    ],
    [
      'H6: the last sidecar first',
      deletedPod(30, 5_000, two),
      seenPod({ ...twoUp, web: exited(0) }),
      [terminate('second', 25, 'PodDeleted'), lookAgainIn(25_000)],
    ],
    [
      'H6: the one before when it has ended',
      deletedPod(30, 5_000, two),
      seenPod({ ...twoUp, web: exited(0), second: exited(0) }),
      [terminate('first', 25, 'PodDeleted')],
    ],
    [
      'H6: nobody is asked twice',
      deletedPod(30, 1_000),
      seenPod(up({ web: stopping(1_000), worker: stopping(1_000) })),
      [lookAgainIn(29_000)],
    ],
    [
      'H6: at the end of the grace apps are killed, sidecars asked',
      deletedPod(30, 30_000, two),
      seenPod({ ...twoUp, web: stopping(30_000) }),
      [
        terminate('first', 2, 'PodDeleted'),
        terminate('second', 2, 'PodDeleted'),
        { do: 'kill', container: 'web', because: 'PodDeleted' },
      ],
    ],
    [
      'H6: two seconds later they are killed',
      deletedPod(30, 32_000, two),
      seenPod({ ...twoUp, first: stopping(2_000, 2), second: stopping(1_999, 2), web: exited(137) }),
      [{ do: 'kill', container: 'first', because: 'PodDeleted' }, lookAgainIn(1)],
    ],
    [
      'H6: two seconds are the least between signal and kill',
      deletedPod(1, 0),
      seenPod({ web: running() }),
      [terminate('web', 2, 'PodDeleted')],
    ],
    [
      'H5: no grace, no signal',
      deletedPod(0, 0),
      seenPod(up()),
      ['proxy', 'web', 'worker'].map((container): PodAction => ({ do: 'kill', container, because: 'PodDeleted' })),
    ],
    [
      'H5: a grace that was lowered shortens a stop',
      deletedPod(5, 5_000),
      seenPod({ web: stopping(5_000) }),
      [{ do: 'kill', container: 'web', because: 'PodDeleted' }],
    ],
    [
      'H5: to nothing, too',
      deletedPod(0, 100),
      seenPod({ web: stopping(50) }),
      [{ do: 'kill', container: 'web', because: 'PodDeleted' }],
    ],
    [
      'a kill is not repeated',
      deletedPod(0, 100),
      seenPod({ web: running({ stopping: { sinceMs: NOW_MS - 90, graceSeconds: 0, killedAtMs: NOW_MS - 90 } }) }),
      [lookAgainIn(9_910)],
    ],
    [
      'unless it shows no effect',
      deletedPod(0, 20_000),
      seenPod({
        web: running({ stopping: { sinceMs: NOW_MS - 10_000, graceSeconds: 0, killedAtMs: NOW_MS - 10_000 } }),
      }),
      [{ do: 'kill', container: 'web', because: 'PodDeleted' }],
    ],
    [
      'H6: an init container is stopped like an app',
      deletedPod(30, 0),
      seenPod({ migrate: running() }),
      [terminate('migrate', 30, 'PodDeleted')],
    ],
    ['a start that is under way is waited for', deletedPod(30, 0), seenPod({ migrate: starting() }), []],
    ['nothing is started any more', deletedPod(30, 0), seenPod({ migrate: exited(1) }), [{ do: 'remove-sandbox' }]],
    [
      'H10: the sandbox, when all have ended',
      deletedPod(30, 0),
      seenPod(up({ proxy: exited(0), web: exited(0), worker: exited(137) })),
      [{ do: 'remove-sandbox' }],
    ],
    ['H10: one that is being removed is left alone', deletedPod(30, 0), seenPod({}, { is: 'changing' }), []],
    [
      'H10: a removal that failed is tried again',
      deletedPod(30, 0),
      seenPod({}, { is: 'failed', message: 'busy', failedAtMs: NOW_MS - 400, attempts: 1 }),
      [lookAgainIn(600)],
    ],
    ['H10: then the object', deletedPod(30, 0), seenPod({ web: exited(0) }, ABSENT), [{ do: 'forget-pod' }]],
    ['H10: at once when there was nothing', deletedPod(30, 0), seenPod({}, ABSENT), [{ do: 'forget-pod' }]],
    [
      'H10: also after its own end',
      deletedPod(30, 0, { ...NEVER, status: { phase: 'Failed' } }),
      seenPod({}, ABSENT),
      [{ do: 'forget-pod' }],
    ],
  ])
})

function twoSidecars(spec: Partial<Pod['spec']> = {}): Pod {
  const initContainers = ['first', 'second'].map((name) => sampleContainer(name, { restartPolicy: 'Always' }))
  return samplePod({ initContainers, containers: [sampleContainer('web')], ...spec })
}
