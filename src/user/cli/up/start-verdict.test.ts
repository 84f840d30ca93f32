import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Pod, PodStatus } from '../../../kube/api/pod.ts'
import { startVerdict, type StartVerdict } from './start-verdict.ts'

const READY = { type: 'Ready', status: 'True' }
const app = (state: object, lastState: object = {}) => ({
  containerStatuses: [{ name: 'app', image: 'i', imageID: '', ready: false, restartCount: 0, state, lastState }],
})
const waiting = (reason: string, message?: string) => ({ waiting: { reason, message } })
const ended = (exitCode: number, more: object = {}) => ({ terminated: { exitCode, reason: 'Error', ...more } })

describe('whether a Pod has come up', () => {
  const CASES: [rule: string, status: PodStatus | object, verdict: StartVerdict, metadata?: object][] = [
    ['a Pod without a status is waited for', {}, { is: 'waiting' }],
    ['a ready one is up', { phase: 'Running', conditions: [READY] }, { is: 'up' }],
    ['so is one that has Succeeded', { phase: 'Succeeded' }, { is: 'up' }],
    [
      'readiness that is older than the spec does not count',
      { phase: 'Running', conditions: [READY], observedGeneration: 1 },
      { is: 'waiting' },
      { generation: 2 },
    ],
    [
      'one that is being deleted does not come up',
      { phase: 'Running', conditions: [READY] },
      { is: 'failed', why: 'it is being deleted' },
      { deletionTimestamp: '2026-11-20T00:00:00Z' },
    ],
    [
      'a failed one tells its own reason',
      { phase: 'Failed', reason: 'DeadlineExceeded', message: 'too long' },
      { is: 'failed', why: 'DeadlineExceeded: too long' },
    ],
    [
      'or how its container ended',
      { phase: 'Failed', ...app(ended(137, { reason: 'OOMKilled', message: 'bye\n' })) },
      { is: 'failed', why: 'app: exited 137 (OOMKilled): bye' },
    ],
    ['a first failed pull is tried again', app(waiting('ErrImagePull', 'no')), { is: 'waiting' }],
    [
      'after the second it cannot start',
      app(waiting('ImagePullBackOff', 'Back-off pulling')),
      { is: 'failed', why: 'app: ImagePullBackOff: Back-off pulling' },
    ],
    ['a first crash is tried again', app(ended(1)), { is: 'waiting' }],
    [
      'a crash loop tells how it ended last',
      app(waiting('CrashLoopBackOff', 'back-off 10s'), ended(3)),
      { is: 'failed', why: 'app: CrashLoopBackOff: last time exited 3' },
    ],
    ['creating is on its way', app(waiting('ContainerCreating')), { is: 'waiting' }],
  ]
  for (const [rule, status, verdict, metadata = {}] of CASES) {
    it(rule, () => {
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', ...metadata }, spec: {}, status }
      assert.deepEqual(startVerdict(pod as unknown as Pod), verdict)
    })
  }
})
