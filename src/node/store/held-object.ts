import { rfc3339 } from '../../kube/api/rfc3339.ts'
import type { KubeObject } from './store.ts'

/** Whether something must still happen before the object may go: metadata's finalizers, or those of a Namespace's spec. */
function isHeld(object: KubeObject & { readonly spec?: unknown }): boolean {
  if ((object.metadata.finalizers ?? []).length > 0) return true
  return object.kind === 'Namespace' && namespaceFinalizers(object).length > 0
}

/** What the emptying of a Namespace, and others who asked for it, have yet to finish. */
export function namespaceFinalizers(namespace: KubeObject & { readonly spec?: unknown }): readonly string[] {
  return (namespace.spec as { readonly finalizers?: readonly string[] } | undefined)?.finalizers ?? []
}

/** Whether nothing but finalizers keeps the object: whoever ran it has nothing more to do with it. */
export function isOnlyHeld({ metadata }: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = metadata
  return deletionTimestamp !== undefined && deletionGracePeriodSeconds === 0 && finalizers.length > 0
}

/**
 * What is left of an object that is to go now: nothing; or, while finalizers hold it, the object, marked as deleted.
 *
 * @see deleteWithoutFinalizers and markAsDeleting of k8s.io/apiserver/pkg/registry/generic/registry
 */
export function removeUnlessHeld<T extends KubeObject>(object: T, nowMs: number): T | undefined {
  if (!isHeld(object)) return undefined
  if (isOnlyHeld(object)) return object
  const { deletionTimestamp, deletionGracePeriodSeconds, generation = 0 } = object.metadata
  const isNew = deletionTimestamp === undefined
  const isDue = !isNew && Date.parse(deletionTimestamp) <= nowMs
  return {
    ...object,
    metadata: {
      ...object.metadata,
      ...(deletionGracePeriodSeconds === undefined && generation > 0 ? { generation: generation + 1 } : {}),
      deletionTimestamp: isDue ? deletionTimestamp : rfc3339(nowMs),
      deletionGracePeriodSeconds: 0,
    },
  }
}

/**
 * What an update leaves of an object: nothing when it took away the last thing that held an object which was to go.
 *
 * @see ShouldDeleteDuringUpdate of k8s.io/apiserver/pkg/registry/generic/registry
 */
export function unlessLetGo<T extends KubeObject>(next: T, current: KubeObject): T | undefined {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = current.metadata
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds > 0) return next
  return isHeld(current) && !isHeld(next) ? undefined : next
}
