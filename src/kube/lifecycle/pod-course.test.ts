import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { computePodCourse } from './pod-course.ts'
import { deletedPod, NOW_MS, running, seenPod, up } from './sample-pod.ts'

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
