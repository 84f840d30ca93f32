import type { Pod, PodPhase, PodStatus } from '../api/pod.ts'
import { isUp, stateOf, wasToldRunning } from './container-facts.ts'
import { allPlaces, appPlaces, initPlaces } from './container-places.ts'
import type { ObservedPod } from './observed-pod.ts'
import type { PodCourse } from './pod-course.ts'

/** The phase with the words that go with it (S10, S13, H10). */
export type PodOutcome = Pick<PodStatus, 'phase' | 'reason' | 'message'>

/**
 * A phase is final only once nothing of the pod runs any more, and never changes then (invariant 7). A deleted pod
 * gets a final phase too, whatever its restart policy (H10). Sidecars have no say.
 */
export function computePodOutcome(
  pod: Pod,
  seen: ObservedPod,
  about: { readonly course: PodCourse; readonly before: PodStatus | undefined },
): PodOutcome {
  const { course, before } = about
  if (before?.phase === 'Succeeded' || before?.phase === 'Failed') return outcomeOf(before)
  if (seen.rejected !== undefined) {
    const { reason, message } = seen.rejected
    return { phase: 'Failed', reason, message: `Pod was rejected: ${message}` }
  }
  const isOver = course.is === 'ending' && allPlaces(pod).every(({ name }) => !isUp(seen, name))
  if (!isOver) return { phase: livePhase(pod, seen) }
  if (course.because === 'DeadlineExceeded') {
    const message = 'Pod was active on the node longer than the specified deadline'
    return { phase: 'Failed', reason: 'DeadlineExceeded', message }
  }
  if (course.because === 'Evicted') return { phase: 'Failed', reason: 'Evicted', message: seen.evicted?.message ?? '' }
  return { phase: hasSucceeded(pod, seen) ? 'Succeeded' : 'Failed' }
}

function outcomeOf({ phase, reason, message }: PodStatus): PodOutcome {
  return {
    ...(phase !== undefined && { phase }),
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
  }
}

/** Pending until every app container has had a process; a restart, even in a new sandbox, does not take it back. */
function livePhase(pod: Pod, seen: ObservedPod): PodPhase {
  return appPlaces(pod).every(({ name }) => wasToldRunning(seen, name)) ? 'Running' : 'Pending'
}

function hasSucceeded(pod: Pod, seen: ObservedPod): boolean {
  const ends = [...initPlaces(pod).filter(({ role }) => role === 'init'), ...appPlaces(pod)]
  return ends.every(({ name, role }) => {
    const state = stateOf(seen, name)
    // The record of an init container may have been cleaned up after its success.
    return state.is === 'exited' ? state.exitCode === 0 : state.is === 'absent' && role === 'init'
  })
}
