import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Pod } from '../../../kube/api/pod.ts'
import { isInstanceOver, nextInstance } from './next-instance.ts'
import type { SeenPod } from './pod-view.ts'

interface Change {
  readonly state?: object
  readonly lastState?: object
  readonly restartCount?: number
  readonly policy?: string
  readonly container?: object
  readonly phase?: string
  readonly isGone?: boolean
  readonly deletionTimestamp?: string
  readonly init?: boolean
}

const running = { running: {} }
const exited = (exitCode: number) => ({ terminated: { exitCode } })
const waiting = { waiting: { reason: 'CrashLoopBackOff' } }

function seen(change: Change): SeenPod {
  const { state, lastState, restartCount = 0, policy = 'Always', phase = 'Running', isGone = false } = change
  const container = { name: 'app', ...change.container }
  const status = state === undefined ? [] : [{ name: 'app', state, lastState, restartCount }]
  const pod = {
    metadata: { deletionTimestamp: change.deletionTimestamp },
    spec: {
      restartPolicy: policy,
      initContainers: change.init ? [container] : [],
      containers: change.init ? [] : [container],
    },
    status: { phase, ...(change.init ? { initContainerStatuses: status } : { containerStatuses: status }) },
  }
  return { pod: pod as unknown as Pod, isGone }
}

describe('which instance to follow', () => {
  for (const [what, change, after, expected] of [
    ['a container that has not begun is waited for', { state: waiting }, undefined, undefined],
    ['one that the status does not know yet', {}, undefined, undefined],
    ['one that runs', { state: running }, undefined, 0],
    ['one that has ended', { state: exited(1), restartCount: 2 }, undefined, 2],
    ['one that rests between two', { state: waiting, lastState: exited(1), restartCount: 2 }, undefined, 2],
    ['the same goes on', { state: running }, 0, undefined],
    ['it ended and starts again', { state: exited(1) }, 0, undefined],
    ['the next one', { state: running, lastState: exited(1), restartCount: 1 }, 0, 1],
    ['the one in between is still there', { state: running, restartCount: 2 }, 0, 1],
    ['of many in between, the one before', { state: running, restartCount: 9 }, 0, 8],
    ['it ended and stays down: Never', { state: exited(1), policy: 'Never' }, 0, 'over'],
    ['it ended well: OnFailure', { state: exited(0), policy: 'OnFailure' }, 0, 'over'],
    ['it failed: OnFailure', { state: exited(1), policy: 'OnFailure' }, 0, undefined],
    ['its own policy counts', { state: exited(1), container: { restartPolicy: 'Never' } }, 0, 'over'],
    [
      'rules may start it again',
      { state: exited(1), policy: 'Never', container: { restartPolicyRules: [{}] } },
      0,
      undefined,
    ],
    ['an init container that is done', { state: exited(0), init: true }, 0, 'over'],
    ['an init container that failed', { state: exited(1), init: true }, 0, undefined],
    ['an init container that may not fail', { state: exited(1), init: true, policy: 'Never' }, 0, 'over'],
    ['a sidecar', { state: exited(0), init: true, container: { restartPolicy: 'Always' } }, 0, undefined],
    ['a pod that is being deleted', { state: exited(0), deletionTimestamp: 'now' }, 0, 'over'],
    ['a pod that is over', { state: exited(0), phase: 'Failed' }, 0, 'over'],
    ['a pod that is gone', { state: running, isGone: true }, 0, 'over'],
    ['a pod that is gone before it began', { state: waiting, isGone: true }, undefined, 'over'],
    ['what was not read of a pod that is over', { state: exited(0), phase: 'Succeeded' }, undefined, 0],
  ] as const satisfies readonly (readonly [string, Change, number | undefined, number | 'over' | undefined])[]) {
    it(what, () => assert.equal(nextInstance(seen(change), 'app', after), expected))
  }
})

describe('whether an instance is over', () => {
  for (const [what, change, expected] of [
    ['it runs', { state: running }, false],
    ['it ended', { state: exited(0) }, true],
    ['it rests', { state: waiting, lastState: exited(1) }, true],
    ['there is another one', { state: running, restartCount: 1 }, true],
    ['its pod is gone', { state: running, isGone: true }, true],
    ['it has not begun', { state: waiting }, false],
  ] as const) {
    it(what, () => assert.equal(isInstanceOver(seen(change), 'app', 0), expected))
  }
})
