import { isDeepStrictEqual } from 'node:util'
import { Failure } from '../../failure.ts'
import { computePodEvents } from '../../kube/lifecycle/compute-pod-events.ts'
import { computePodStatus } from '../../kube/lifecycle/compute-pod-status.ts'
import type { ObservedPod } from '../../kube/lifecycle/observed-pod.ts'
import { computePodCourse } from '../../kube/lifecycle/pod-course.ts'
import { PODS } from '../store/resources.ts'
import type { PodWorld } from './pod-world.ts'

/** Writes the pod's status to the store when it differs from what is there, and says in events what is new in it. */
export async function publishStatus(world: PodWorld, seen: ObservedPod, nowMs: number): Promise<void> {
  const { namespace, name, uid } = world.pod.metadata
  const status = computePodStatus(world.pod, seen, world.pod.status, nowMs)
  const told = { status, course: computePodCourse(world.pod, seen, nowMs) }
  for (const { type, reason, message, container } of computePodEvents(world.pod, world.told(told), told)) {
    world.event(type, reason, message, container)
  }
  if (isDeepStrictEqual(status, world.pod.status)) return
  try {
    const stored = await world.parts.store.modify(PODS, { namespace, name }, (pod) =>
      // Others write there, too: the conditions of readiness gates (C2).
      pod.metadata.uid === uid ? { ...pod, status: computePodStatus(pod, seen, pod.status, nowMs) } : pod,
    )
    if (stored.metadata.uid === uid) world.pod = stored
  } catch (error) {
    // Force-deleted (H9): the pod is taken down all the same, and nobody asks for its status.
    if (!(error instanceof Failure && error.reason === 'NotFound')) throw error
  }
}
