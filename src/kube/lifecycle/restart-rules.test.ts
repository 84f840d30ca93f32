import { describe } from 'node:test'
import type { Container, RestartPolicy } from '../api/pod.ts'
import { checkActions } from './check-actions.ts'
import type { ObservedSandbox } from './observed-pod.ts'
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
} from './sample-pod.ts'

type Rules = NonNullable<Container['restartPolicyRules']>

const on = (values: readonly number[], action = 'Restart', operator = 'In'): Rules => [
  { action, exitCodes: { operator, values } },
]
const ALL = 'RestartAllContainers'

function podWith(web: Partial<Container>, restartPolicy: RestartPolicy = 'Always') {
  const containers = [sampleContainer('web', web), sampleContainer('worker')]
  return samplePod({ initContainers: [], containers, restartPolicy })
}

const webEnded = (exitCode: number) => seenPod({ web: exited(exitCode), worker: running() })
const removeSandbox: PodAction = { do: 'remove-sandbox' }

describe('the restart policy of a container', () => {
  const init = (restartPolicy: RestartPolicy) =>
    samplePod({
      initContainers: [sampleContainer('migrate', { restartPolicy: 'OnFailure' })],
      restartPolicy,
    })
  checkActions([
    ['R5: Always in a pod of Never', podWith({ restartPolicy: 'Always' }, 'Never'), webEnded(0), [start('web')]],
    ['R5: OnFailure in a pod of Never', podWith({ restartPolicy: 'OnFailure' }, 'Never'), webEnded(1), [start('web')]],
    ['R5: not after a success', podWith({ restartPolicy: 'OnFailure' }, 'Never'), webEnded(0), []],
    ['R5: Never in a pod of Always', podWith({ restartPolicy: 'Never' }), webEnded(1), []],
    [
      'R5: the pod ends when no container is restarted',
      samplePod({
        initContainers: [],
        containers: ['web', 'worker'].map((name) => sampleContainer(name, { restartPolicy: 'Never' })),
      }),
      seenPod({ web: exited(1), worker: exited(0) }),
      [removeSandbox],
    ],
    ['R5: an init container, too', init('Never'), seenPod({ migrate: exited(1) }), [start('migrate')]],
    [
      'R5: one that is not tried again ends the pod',
      samplePod({ initContainers: [sampleContainer('migrate', { restartPolicy: 'Never' })] }),
      seenPod({ migrate: exited(1) }),
      [removeSandbox],
    ],
    [
      'R5, S11: a pod of Never in which one is restarted gets a new sandbox',
      podWith({ restartPolicy: 'Always' }, 'Never'),
      seenPod({ web: exited(137), worker: exited(137) }, { is: 'absent' }),
      [{ do: 'create-sandbox', attempt: 1 }],
    ],
  ])
})

describe('restart rules', () => {
  const never = (restartPolicyRules: Rules) => podWith({ restartPolicy: 'Never', restartPolicyRules }, 'Never')
  checkActions([
    ['R6: one that fits restarts', never(on([42, 43])), webEnded(43), [start('web')]],
    ['R6: one that does not leaves it to the policy', never(on([42])), webEnded(1), []],
    ['R6: NotIn', never(on([0, 42], 'Restart', 'NotIn')), webEnded(1), [start('web')]],
    ['R6: NotIn what is listed', never(on([0, 42], 'Restart', 'NotIn')), webEnded(42), []],
    ['R6: a success, too', never(on([0])), webEnded(0), [start('web')]],
    ['R6: the first that fits wins', never([...on([42]), ...on([42, 43], ALL)]), webEnded(42), [start('web')]],
    [
      'R6: with the back-off',
      never(on([42])),
      seenPod({ web: exited(42, { crashes: 1 }), worker: running() }),
      [lookAgainIn(9_000)],
    ],
    [
      'R6: an init container that succeeded is done, whatever its rules',
      samplePod({
        initContainers: [sampleContainer('migrate', { restartPolicy: 'Never', restartPolicyRules: on([0]) })],
      }),
      seenPod({ migrate: exited(0) }),
      [start('web'), { do: 'prepare', container: 'worker' }],
    ],
    [
      'R6: an init container that fails is tried again',
      samplePod({
        initContainers: [sampleContainer('migrate', { restartPolicy: 'Never', restartPolicyRules: on([3]) })],
        restartPolicy: 'Never',
      }),
      seenPod({ migrate: exited(3) }),
      [start('migrate')],
    ],
  ])
})

describe('RestartAllContainers', () => {
  const rules: Partial<Container> = { restartPolicy: 'Never', restartPolicyRules: on([42], ALL) }
  const pod = samplePod({
    containers: [
      sampleContainer('web', rules),
      sampleContainer('worker', { lifecycle: { preStop: { sleep: { seconds: 1 } } } }),
    ],
    restartPolicy: 'Never',
  })
  const all = { migrate: exited(0), proxy: running(), web: exited(42), worker: running() }
  const kill = (container: string): PodAction => ({ do: 'kill', container, because: 'AllContainersRestarting' })
  const second: ObservedSandbox = { ...READY, attempt: 1 }
  const again = (crashes: number, agoMs: number) =>
    record({ is: 'absent' }, { restarts: crashes, crashes, previous: exit(0, { finishedAtMs: NOW_MS - agoMs }) })
  checkActions([
    ['R7: all are killed, without order, grace or hooks', pod, seenPod(all), [kill('proxy'), kill('worker')]],
    [
      'R7: a stop that is under way is cut short',
      pod,
      seenPod({
        ...all,
        proxy: exited(137),
        worker: running({ stopping: { sinceMs: NOW_MS, graceSeconds: 30, preStop: 'running' } }),
      }),
      [kill('worker')],
    ],
    [
      'R7: one that is being started is waited for',
      pod,
      seenPod({ ...all, proxy: exited(137), worker: starting() }),
      [],
    ],
    [
      'R7: then all begin anew',
      pod,
      seenPod({ ...all, proxy: exited(137), worker: exited(137) }),
      [{ do: 'reset-containers' }],
    ],
    [
      'R7: also when the others had ended for good',
      pod,
      seenPod({ ...all, proxy: exited(137), worker: exited(0) }),
      [{ do: 'reset-containers' }],
    ],
    [
      'R7: from the first init container',
      pod,
      seenPod({ migrate: again(1, 60_000), proxy: again(1, 1_000), web: again(1, 1_000), worker: again(1, 1_000) }),
      [start('migrate')],
    ],
    [
      'R7: each with its own back-off',
      pod,
      seenPod({ migrate: again(2, 4_000), proxy: again(2, 1_000), web: again(2, 1_000), worker: again(2, 1_000) }),
      [lookAgainIn(6_000)],
    ],
    [
      'R7: a sidecar may ask for it',
      samplePod({
        initContainers: [sampleContainer('proxy', { restartPolicy: 'Always', restartPolicyRules: on([42], ALL) })],
      }),
      seenPod({ proxy: exited(42), web: running(), worker: running() }),
      [kill('web'), kill('worker')],
    ],
    [
      'R7: an init container may ask for it',
      samplePod({
        initContainers: [sampleContainer('migrate', { restartPolicy: 'Never', restartPolicyRules: on([3], ALL) })],
      }),
      seenPod({ migrate: exited(3) }),
      [{ do: 'reset-containers' }],
    ],
    [
      'R7: never in a pod that was deleted',
      deletedPod(30, 0, pod),
      seenPod({ web: exited(42), proxy: exited(0) }),
      [removeSandbox],
    ],
    [
      'R7: an exit in a sandbox that is gone asks for nothing',
      pod,
      seenPod({ ...all, proxy: exited(137), worker: exited(0) }, second),
      [start('migrate')],
    ],
  ])
})
