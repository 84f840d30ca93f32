import { Failure } from '../../failure.ts'
import type { Pod } from '../../kube/api/pod.ts'
import { removeUnlessHeld } from '../store/held-object.ts'
import { markDeleted } from '../store/mark-deleted.ts'
import { type Propagation, withPropagation } from '../store/propagation.ts'
import { PODS } from '../store/resources.ts'
import type { KubeObject, Resource, Store } from '../store/store.ts'

/** Deletes an object as the API does when nothing special is asked for. It may be gone already, or another one by now. */
export async function deleteObject(
  store: Store,
  { resource, object }: { readonly resource: Resource; readonly object: KubeObject },
  { nowMs, propagation }: { readonly nowMs: number; readonly propagation?: Propagation },
): Promise<void> {
  const { namespace, name = '', uid } = object.metadata
  try {
    await store.modify(resource, { namespace, name }, (current) => {
      if (current.metadata.uid !== uid) return current
      return computeDeleted(resource, current, { nowMs, propagation })
    })
  } catch (thrown) {
    if (!(thrown instanceof Failure && thrown.reason === 'NotFound')) throw thrown
  }
}

function computeDeleted(
  resource: Resource,
  current: KubeObject,
  { nowMs, propagation }: { readonly nowMs: number; readonly propagation: Propagation | undefined },
): KubeObject | undefined {
  const isBegun = current.metadata.deletionTimestamp !== undefined
  if (resource.plural !== PODS.plural || !hasNode(current as Pod)) {
    return removeUnlessHeld(withPropagation(current, propagation), nowMs)
  }
  // A pod that has a node is left to it (H5).
  if (isBegun) return current
  const graceSeconds = (current as Pod).spec.terminationGracePeriodSeconds
  return withPropagation(markDeleted(current, Math.max(graceSeconds, 0), nowMs), propagation)
}

function hasNode({ spec }: Pod): boolean {
  return (spec.nodeName ?? '') !== ''
}
