import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { computePodEvents } from './compute-pod-events.ts'
import type { ToldOfPod } from './compute-pod-events.ts'
import { computePodStatus } from './compute-pod-status.ts'
import type { ObservedContainer } from './observed-pod.ts'
import { computePodCourse } from './pod-course.ts'
import { exited, NOW_MS, record, running, sampleContainer, samplePod, seenPod } from './sample-pod.ts'

const POD = samplePod({ initContainers: [], containers: [sampleContainer('web')], activeDeadlineSeconds: 3_600 })

function told(web: ObservedContainer, nowMs = NOW_MS): ToldOfPod {
  const seen = seenPod({ web })
  return { status: computePodStatus(POD, seen, undefined, nowMs), course: computePodCourse(POD, seen, nowMs) }
}

describe('events of a status that changes', () => {
  const failed = { is: 'not-started', reason: 'ErrImagePull', message: '', attempts: 1 } as const
  const crashed = told(exited(1, { crashes: 1 }))
  const notPulled = told(record({ ...failed, failedAtMs: NOW_MS - 2_000 }))
  const justFailed = told(record({ ...failed, failedAtMs: NOW_MS }))
  const restarting = 'Warning BackOff Back-off restarting failed container web in pod web_default(6c71917c)'
  const pulling = [
    'Normal BackOff Back-off pulling image "example.com/web:1"',
    'Warning Failed Error: ImagePullBackOff',
  ]
  const late = 'Normal DeadlineExceeded Pod was active on the node longer than the specified deadline'
  const lateMs = NOW_MS + 3_600_000
  const nothing: ToldOfPod = { status: undefined, course: undefined }
  const rows: readonly (readonly [rule: string, before: ToldOfPod, now: ToldOfPod, events: readonly string[]])[] = [
    ['R2: a restart is put off', told(running()), crashed, [restarting]],
    ['R2: told once', crashed, crashed, []],
    ['R2: not when it comes at once', told(running()), told(exited(1)), []],
    ['Q10: a pull is put off', justFailed, notPulled, pulling],
    ['Q10: told once', notPulled, notPulled, []],
    ['S13: the deadline is over', told(running()), told(running(), lateMs), [late]],
    ['S13: told once', told(running(), lateMs), told(running(), lateMs), []],
    ['S12: what is true at the start of an agent is told again', nothing, crashed, [restarting]],
  ]
  for (const [rule, before, now, events] of rows) {
    it(rule, () => {
      const said = computePodEvents(POD, before, now)
      assert.deepEqual(
        said.map(({ type, reason, message }) => `${type} ${reason} ${message}`),
        events,
      )
    })
  }
})
