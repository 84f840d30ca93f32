import { describe } from 'node:test'
import type { Container, Probe } from '../api/pod.ts'
import { checkActions } from './check-actions.ts'
import type { ObservedContainer, PostStartCourse, ProbeVerdict } from './observed-pod.ts'
import type { PodAction } from './pod-action.ts'
import {
  deletedPod,
  exited,
  lookAgainIn,
  NOW_MS,
  record,
  running,
  sampleContainer,
  samplePod,
  seenPod,
  start,
  terminate,
  up,
} from './sample-pod.ts'

const probe: Probe = {
  exec: { command: ['true'] },
  timeoutSeconds: 1,
  periodSeconds: 10,
  successThreshold: 1,
  failureThreshold: 3,
}
const FAILED: ProbeVerdict = { result: 'failure', sinceMs: NOW_MS }
const preStop: Partial<Container> = { lifecycle: { preStop: { sleep: { seconds: 3 } } } }
const postStart: Partial<Container> = { lifecycle: { postStart: { sleep: { seconds: 3 } } } }

const podWith = (web: Partial<Container>, restartPolicy: 'Always' | 'OnFailure' | 'Never' = 'Always') =>
  samplePod({
    initContainers: [],
    containers: [sampleContainer('web', web), sampleContainer('worker')],
    restartPolicy,
  })

const prepare = (container: string): PodAction => ({ do: 'prepare', container })
const runPostStart = (container: string): PodAction => ({ do: 'run-post-start', container })

const hooked = (course: PostStartCourse): ObservedContainer =>
  running({ postStart: course, started: course === 'done', ready: course === 'done' })

describe('postStart', () => {
  const sidecar = samplePod({
    initContainers: [sampleContainer('proxy', { restartPolicy: 'Always', ...postStart })],
    containers: [sampleContainer('web')],
  })
  checkActions([
    [
      'H1: begins when the process runs; the next container waits',
      podWith(postStart),
      seenPod({ web: hooked('due') }),
      [runPostStart('web'), prepare('worker')],
    ],
    [
      'S7: an app container starts after the hook of the one before',
      podWith(postStart),
      seenPod({ web: hooked('running') }),
      [prepare('worker')],
    ],
    ['S7: then it does', podWith(postStart), seenPod({ web: hooked('done') }), [start('worker')]],
    [
      'S7: a later start of the one before holds up nobody',
      podWith(postStart),
      seenPod({ web: hooked('running'), worker: exited(1) }),
      [start('worker')],
    ],
    ['S4: a sidecar has started after its hook', sidecar, seenPod({ proxy: hooked('running') }), [prepare('web')]],
    ['S4: and then the next one starts', sidecar, seenPod({ proxy: hooked('done') }), [start('web')]],
    [
      'H1: a hook that failed ends its container, within the grace period',
      podWith(postStart),
      seenPod({ web: hooked({ failed: 'exited with 2' }), worker: running() }),
      [terminate('web', 30, 'PostStartFailed')],
    ],
    [
      'S7: which the next one waits for',
      podWith(postStart),
      seenPod({ web: hooked({ failed: 'exited with 2' }) }),
      [terminate('web', 30, 'PostStartFailed'), prepare('worker')],
    ],
    [
      'H1: preStop is run then',
      podWith({ lifecycle: { ...postStart.lifecycle, ...preStop.lifecycle } }),
      seenPod({ web: hooked({ failed: 'exited with 2' }), worker: running() }),
      [{ do: 'run-pre-stop', container: 'web', graceSeconds: 30, because: 'PostStartFailed' }],
    ],
    [
      'H1: and the restart policy says what follows',
      podWith(postStart),
      seenPod({ web: exited(143, { crashes: 1 }, { stoppedBecause: 'PostStartFailed' }), worker: running() }),
      [lookAgainIn(9_000)],
    ],
    [
      'H1: no hook begins in a pod that ends',
      deletedPod(30, 0, podWith(postStart)),
      seenPod({ web: hooked('due'), worker: exited(0) }),
      [terminate('web', 30, 'PodDeleted')],
    ],
  ])
})

describe('failed probes', () => {
  const live: Container['livenessProbe'] = { ...probe, terminationGracePeriodSeconds: 7 }
  const failed = (kind: 'liveness' | 'startup' | 'readiness') =>
    running({ probes: { [kind]: FAILED }, ready: kind === 'liveness' })
  checkActions([
    [
      'P4: liveness ends the container within the grace period of the pod',
      podWith({ livenessProbe: probe }),
      seenPod({ web: failed('liveness'), worker: running() }),
      [terminate('web', 30, 'LivenessFailed')],
    ],
    [
      'P4: or of the probe',
      podWith({ livenessProbe: live }),
      seenPod({ web: failed('liveness'), worker: running() }),
      [terminate('web', 7, 'LivenessFailed')],
    ],
    [
      'P4: preStop is run, in the same time',
      podWith({ livenessProbe: live, ...preStop }),
      seenPod({ web: failed('liveness'), worker: running() }),
      [{ do: 'run-pre-stop', container: 'web', graceSeconds: 7, because: 'LivenessFailed' }],
    ],
    [
      'P4: the signal comes after it',
      podWith({ livenessProbe: live, ...preStop }),
      seenPod({
        web: running({
          probes: { liveness: FAILED },
          stopping: { sinceMs: NOW_MS - 3_000, graceSeconds: 7, preStop: 'done', because: 'LivenessFailed' },
        }),
        worker: running(),
      }),
      [terminate('web', 4, 'LivenessFailed')],
    ],
    [
      'P4: startup, with its own grace',
      podWith({ startupProbe: live }),
      seenPod({ web: failed('startup'), worker: running() }),
      [terminate('web', 7, 'StartupFailed')],
    ],
    [
      'P5: readiness never',
      podWith({ readinessProbe: probe }),
      seenPod({ web: failed('readiness'), worker: running() }),
      [],
    ],
    [
      'P4: whatever the restart policy',
      podWith({ livenessProbe: probe }, 'Never'),
      seenPod({ web: failed('liveness'), worker: running() }),
      [terminate('web', 30, 'LivenessFailed')],
    ],
    [
      'P4: which says what follows',
      podWith({ livenessProbe: probe }, 'Never'),
      seenPod({ web: exited(137, {}, { stoppedBecause: 'LivenessFailed' }), worker: running() }),
      [],
    ],
    [
      'R2: the first two restarts for it come at once',
      podWith({ livenessProbe: probe }),
      seenPod({ web: exited(137, { crashes: 1 }, { stoppedBecause: 'LivenessFailed' }), worker: running() }),
      [start('web')],
    ],
    [
      'R2: the third waits ten seconds',
      podWith({ livenessProbe: probe }),
      seenPod({ web: exited(137, { crashes: 2 }, { stoppedBecause: 'StartupFailed' }), worker: running() }),
      [lookAgainIn(9_000)],
    ],
    [
      'P6: a pod that ends goes its own way',
      deletedPod(20, 0, podWith({ livenessProbe: live })),
      seenPod({ web: failed('liveness'), worker: exited(0) }),
      [terminate('web', 20, 'PodDeleted')],
    ],
    [
      'H5: a stop that was begun for a probe keeps its shorter end',
      deletedPod(20, 0, podWith({ livenessProbe: live })),
      seenPod({
        web: running({
          probes: { liveness: FAILED },
          stopping: { sinceMs: NOW_MS - 7_000, graceSeconds: 7, terminatedAtMs: NOW_MS - 7_000 },
        }),
        worker: exited(0),
      }),
      [{ do: 'kill', container: 'web', because: 'PodDeleted' }],
    ],
    [
      'S6: a sidecar, too',
      samplePod({ initContainers: [sampleContainer('proxy', { restartPolicy: 'Always', livenessProbe: probe })] }),
      seenPod({ proxy: failed('liveness'), web: running(), worker: running() }),
      [terminate('proxy', 30, 'LivenessFailed')],
    ],
  ])
})

describe('another image', () => {
  const old = { specImage: 'example.com/old:1' }
  checkActions([
    [
      'C4: ends that container only',
      samplePod(),
      seenPod(up({ web: running({}, old), worker: running({}, { specImage: 'example.com/worker:1' }) })),
      [terminate('web', 30, 'ImageChanged')],
    ],
    [
      'C4: which is made anew at once, whatever its policy and its back-off',
      podWith({}, 'Never'),
      seenPod({ web: exited(0, { ...old, crashes: 5 }, { stoppedBecause: 'ImageChanged' }), worker: running() }),
      [start('web')],
    ],
    [
      'C4: not one that ended for good before',
      podWith({}, 'Never'),
      seenPod({ web: exited(0, old), worker: running() }),
      [],
    ],
    [
      'C4: it ends a back-off',
      podWith({}),
      seenPod({ web: exited(1, { ...old, crashes: 5 }), worker: running() }),
      [start('web')],
    ],
    [
      'C4: it is pulled at once',
      podWith({}),
      seenPod({
        web: record({ is: 'not-started', reason: 'ErrImagePull', message: '', failedAtMs: NOW_MS, attempts: 5 }, old),
        worker: running(),
      }),
      [start('web')],
    ],
    [
      'C4: an init container runs on',
      samplePod(),
      seenPod({ migrate: running({}, old) }),
      ['proxy', 'web', 'worker'].map(prepare),
    ],
  ])
})
