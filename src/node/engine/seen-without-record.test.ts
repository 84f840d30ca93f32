import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ContainerStatus, Pod, PodStatus } from '../../kube/api/pod.ts'
import { seenWithoutRecord } from './seen-without-record.ts'

const NOW_MS = Date.parse('2026-11-20T09:15:00Z')

function podTold(status: PodStatus): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'default', uid: 'uid' },
    spec: {
      containers: [],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      enableServiceLinks: true,
    },
    status,
  }
}

function told(name: string, change: Partial<ContainerStatus>): ContainerStatus {
  return { name, image: 'image', imageID: '', ready: false, restartCount: 0, ...change }
}

const containersIn = (status: PodStatus) =>
  seenWithoutRecord(podTold(status), { hasFolder: true, nowMs: NOW_MS }).containers
const anew = { crashes: 0, sandboxAttempt: -1 }

describe('a pod whose record is lost', () => {
  it('S13: is as old as it was', () => {
    const pod = podTold({ startTime: '2026-11-20T09:00:00Z' })
    assert.deepEqual(seenWithoutRecord(pod, { hasFolder: false, nowMs: NOW_MS }), {
      acceptedAtMs: NOW_MS - 900_000,
      adoptedAtMs: NOW_MS,
      sandbox: { is: 'absent' },
      containers: {},
    })
  })

  it('invariant 6: counts on', () => {
    const status = {
      initContainerStatuses: [told('first', { restartCount: 2 })],
      containerStatuses: [told('web', { restartCount: 1 }), told('worker', {})],
    }
    assert.deepEqual(containersIn(status), {
      first: { restarts: 2, ...anew, state: { is: 'absent' } },
      web: { restarts: 1, ...anew, state: { is: 'absent' } },
    })
  })

  const ephemeral: [rule: string, status: Partial<ContainerStatus>, state: object | undefined][] = [
    [
      'that ran is lost',
      { containerID: 'peapod://abc', state: { running: { startedAt: '2026-11-20T09:14:00Z' } } },
      {
        is: 'exited',
        id: 'abc',
        exitCode: 137,
        reason: 'ContainerStatusUnknown',
        message: 'The container could not be located when peapod started again',
        startedAtMs: NOW_MS - 60_000,
        finishedAtMs: NOW_MS,
      },
    ],
    [
      'that ended ended as it did',
      {
        containerID: 'peapod://abc',
        state: {
          terminated: {
            exitCode: 143,
            signal: 15,
            reason: 'Error',
            message: 'bye',
            startedAt: '2026-11-20T09:14:00Z',
            finishedAt: '2026-11-20T09:14:30Z',
          },
        },
      },
      {
        is: 'exited',
        id: 'abc',
        exitCode: 143,
        reason: 'Error',
        signal: 15,
        message: 'bye',
        startedAtMs: NOW_MS - 60_000,
        finishedAtMs: NOW_MS - 30_000,
      },
    ],
    ['that waited waits', { state: { waiting: { reason: 'ContainerCreating' } } }, undefined],
  ]
  for (const [rule, status, state] of ephemeral) {
    it(`C1: an ephemeral container ${rule}`, () => {
      const containers = containersIn({ ephemeralContainerStatuses: [told('debugger', status)] })
      assert.deepEqual(containers, state === undefined ? {} : { debugger: { restarts: 0, ...anew, state } })
    })
  }
})
