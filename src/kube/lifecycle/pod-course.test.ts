import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { computePodActions } from './compute-pod-actions.ts'
import { computePodStatus } from './compute-pod-status.ts'
import type { ObservedPod } from './observed-pod.ts'
import { computePodCourse } from './pod-course.ts'
import { deletedPod, exited, NOW_MS, running, sampleContainer, samplePod, seenPod, up } from './sample-pod.ts'

const STOPPING = up({ web: running({ stopping: { sinceMs: NOW_MS - 20_000, graceSeconds: 30 } }) })

describe('when the grace period of a deleted pod began', () => {
  const rows: readonly (readonly [
    rule: string,
    agoMs: number,
    adoptedAgoMs: number | undefined,
    beganAgoMs: number,
  ])[] = [
    ['with the request', 20_000, undefined, 20_000],
    ['H5: anew when the agent was restarted in the middle', 20_000, 5_000, 5_000],
    ['with the request, if the agent was restarted before it', 20_000, 50_000, 20_000],
    ['now, if the request lies in the future: the clock was set back', -3_600_000, undefined, 0],
  ]
  for (const [rule, agoMs, adoptedAgoMs, beganAgoMs] of rows) {
    it(rule, () => {
      const adopted = adoptedAgoMs === undefined ? {} : { adoptedAtMs: NOW_MS - adoptedAgoMs }
      assert.deepEqual(computePodCourse(deletedPod(30, agoMs), { ...seenPod(STOPPING), ...adopted }, NOW_MS), {
        is: 'ending',
        because: 'PodDeleted',
        sinceMs: NOW_MS - beganAgoMs,
        graceSeconds: 30,
      })
    })
  }
})

describe('Q7: a pod that took more than it may', () => {
  const plain = samplePod({
    initContainers: [],
    containers: [sampleContainer('web')],
    restartPolicy: 'Never',
  })
  const ended = (agoMs: number) => ({ web: exited(137, {}, { finishedAtMs: NOW_MS - agoMs }) })
  const rows: readonly (readonly [rule: string, containers: ReturnType<typeof up>, because: string])[] = [
    ['is evicted', { web: running() }, 'Evicted'],
    ['stays evicted when that has ended its containers, whatever restarts them', ended(1_000), 'Evicted'],
    ['is not, once it had ended by itself', ended(3_000), 'PodFinished'],
  ]
  for (const [rule, containers, because] of rows) {
    it(rule, () => {
      const seen = { ...seenPod(containers), evicted: { message: 'too much', atMs: NOW_MS - 2_000 } }
      const course = computePodCourse(plain, seen, NOW_MS)
      assert.equal(course.is === 'ending' ? course.because : course.is, because)
      const status = computePodStatus(plain, seen, undefined, NOW_MS)
      if (because === 'Evicted' && containers.web?.state.is === 'exited') {
        assert.deepEqual([status.phase, status.reason, status.message], ['Failed', 'Evicted', 'too much'])
      }
    })
  }
})

it('Q1: a pod that the node did not take has failed, and there is nothing to stop', () => {
  const rejected = { reason: 'OutOfcpu', message: 'no cpu' }
  const seen: ObservedPod = { ...seenPod({}, { is: 'absent' }), rejected }
  const status = computePodStatus(samplePod(), seen, { phase: 'Pending', qosClass: 'BestEffort' }, NOW_MS)
  assert.deepEqual(status, {
    phase: 'Failed',
    reason: 'OutOfcpu',
    message: 'Pod was rejected: no cpu',
    qosClass: 'BestEffort',
    startTime: '2026-11-20T09:14:00Z',
  })
  assert.deepEqual(computePodActions({ ...samplePod(), status }, seen, NOW_MS), [])
  assert.deepEqual(computePodActions(deletedPod(30, 0, { ...samplePod(), status }), seen, NOW_MS), [
    { do: 'forget-pod' },
  ])
})
