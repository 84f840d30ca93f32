import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Pod } from '../api/pod.ts'
import { computePodActions } from './compute-pod-actions.ts'
import type { NotStarted, ObservedPod } from './observed-pod.ts'
import type { PodAction } from './pod-action.ts'

const NOW_MS = 1_000_000
const POD: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'default', uid: 'u' },
  spec: {
    containers: [
      {
        name: 'app',
        image: 'web:1',
        imagePullPolicy: 'IfNotPresent',
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
      },
    ],
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    enableServiceLinks: true,
  },
}
const READY = { is: 'ready', attempt: 0, podIPs: [], hostIPs: [], readyAtMs: 0 } as const
const WAIT: PodAction[] = [{ do: 'look-again', atMs: NOW_MS + 10_000 }]

function waiting(change: Partial<NotStarted>, sourceChanges?: number): ObservedPod {
  const state = { is: 'not-started', message: '', failedAtMs: NOW_MS, attempts: 1, ...change } as NotStarted
  return {
    sandbox: READY,
    acceptedAtMs: 0,
    containers: { app: { restarts: 0, crashes: 0, sandboxAttempt: 0, state } },
    ...(sourceChanges === undefined ? {} : { sourceChanges }),
  }
}

function unmounted(begunAfter: number, sourceChanges: number): ObservedPod {
  const sandbox = { is: 'failed', message: '', failedAtMs: NOW_MS, attempts: 1, sourceChanges: begunAfter } as const
  return { sandbox, acceptedAtMs: 0, containers: {}, sourceChanges }
}

const RULES: [rule: string, seen: ObservedPod, actions: PodAction[]][] = [
  ['R9: a missing object is looked for again after a while', waiting({ reason: 'CreateContainerConfigError' }), WAIT],
  [
    'R9: one that was missing before the change, at once',
    waiting({ reason: 'CreateContainerConfigError', sourceChanges: 1 }, 2),
    [{ do: 'start', container: 'app' }],
  ],
  [
    'R9: what was there when it failed has mended nothing',
    waiting({ reason: 'CreateContainerConfigError', sourceChanges: 2 }, 2),
    WAIT,
  ],
  [
    'Q10: no object makes a pull come sooner; what is looked for is when its back-off is to be seen',
    waiting({ reason: 'ErrImagePull' }, 2),
    [{ do: 'look-again', atMs: NOW_MS + 1_000 }],
  ],
  ['S14: a volume that cannot be filled, after a while', unmounted(2, 2), WAIT],
  ['S14: its object has changed, at once', unmounted(1, 2), [{ do: 'create-sandbox', attempt: 0 }]],
]

describe('an object that a pod stands on', () => {
  for (const [rule, seen, actions] of RULES) {
    it(rule, () => assert.deepEqual(computePodActions(POD, seen, NOW_MS), actions))
  }
})
