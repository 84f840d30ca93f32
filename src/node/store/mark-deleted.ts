import { rfc3339 } from '../../kube/api/rfc3339.ts'
import type { KubeObject } from './store.ts'

/**
 * The object with its graceful deletion begun; of one that is being deleted already, with the grace period shortened if
 * the new one is shorter. The same object when nothing changes.
 *
 * @see rest.BeforeDelete of k8s.io/apiserver
 */
export function markDeleted<T extends KubeObject>(object: T, graceSeconds: number | undefined, nowMs: number): T {
  const { deletionTimestamp, deletionGracePeriodSeconds: before = 0, generation = 0 } = object.metadata
  if (deletionTimestamp !== undefined) {
    if (graceSeconds === undefined || graceSeconds >= before) return object
    // Counted from the first request.
    const beganAtMs = Date.parse(deletionTimestamp) - before * 1000
    return withDeletion(object, beganAtMs, graceSeconds)
  }
  const marked = withDeletion(object, nowMs, graceSeconds ?? 0)
  if (generation === 0) return marked
  return { ...marked, metadata: { ...marked.metadata, generation: generation + 1 } }
}

function withDeletion<T extends KubeObject>(object: T, beganAtMs: number, graceSeconds: number): T {
  const deletionTimestamp = rfc3339(beganAtMs + graceSeconds * 1000)
  return {
    ...object,
    metadata: { ...object.metadata, deletionTimestamp, deletionGracePeriodSeconds: graceSeconds },
  }
}
