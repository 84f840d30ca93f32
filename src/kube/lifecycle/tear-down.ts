import type { Pod } from '../api/pod.ts'
import { isUp } from './container-facts.ts'
import { allPlaces } from './container-places.ts'
import type { ObservedPod } from './observed-pod.ts'
import type { PodAction } from './pod-action.ts'
import type { PodEnding } from './pod-course.ts'
import { stopContainers } from './stop-containers.ts'

/** A sandbox that could not be removed is tried again this often. */
const REMOVE_RETRY_MS = 1_000

/** The end of a pod: its containers, then its sandbox, and for a deleted one the object itself (H6, H7, H10). */
export function tearDown(pod: Pod, seen: ObservedPod, ending: PodEnding, nowMs: number): PodAction[] {
  if (allPlaces(pod).some(({ name }) => isUp(seen, name))) return stopContainers(pod, seen, ending, nowMs)
  const { sandbox } = seen
  switch (sandbox.is) {
    case 'changing':
      return []
    case 'absent':
      return ending.because === 'PodDeleted' ? [{ do: 'forget-pod' }] : []
    case 'ready':
      return [{ do: 'remove-sandbox' }]
    case 'failed': {
      // It may be half made, or half removed.
      const dueAtMs = sandbox.failedAtMs + REMOVE_RETRY_MS
      return nowMs >= dueAtMs ? [{ do: 'remove-sandbox' }] : [{ do: 'look-again', atMs: dueAtMs }]
    }
  }
}
