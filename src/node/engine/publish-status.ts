import { isDeepStrictEqual } from 'node:util'
import { Failure } from '../../failure.ts'
import { computePodStatus } from '../../kube/lifecycle/compute-pod-status.ts'
import type { ObservedPod } from '../../kube/lifecycle/observed-pod.ts'
import { PODS } from '../store/resources.ts'
import type { PodWorld } from './pod-world.ts'

/** Writes the pod's status to the store when it differs from what is there. */
export async function publishStatus(world: PodWorld, seen: ObservedPod, nowMs: number): Promise<void> {
  const { namespace, name, uid } = world.pod.metadata
  const status = computePodStatus(world.pod, seen, world.pod.status, nowMs)
  if (isDeepStrictEqual(status, world.pod.status)) return
  try {
    const stored = await world.parts.store.modify(PODS, { namespace, name }, (pod) =>
      pod.metadata.uid === uid ? { ...pod, status } : pod,
    )
    if (stored.metadata.uid === uid) world.pod = stored
  } catch (error) {
    // Force-deleted (H9): the pod is taken down all the same, and nobody asks for its status.
    if (!(error instanceof Failure && error.reason === 'NotFound')) throw error
  }
}
