import type { KubeObject } from './store.ts'

/** What becomes of an object's dependents, which name it in their ownerReferences. */
export type Propagation = 'Background' | 'Foreground' | 'Orphan'

/** Holds an object until its dependents no longer name it. */
export const ORPHAN_FINALIZER = 'orphan'
/** Holds an object until the dependents that block it are gone. */
export const FOREGROUND_FINALIZER = 'foregroundDeletion'

/**
 * The object with the finalizers that the policy of its deletion asks for. Without a policy those that it has say what
 * happens; without any its dependents go after it.
 *
 * @see deletionFinalizersForGarbageCollection of k8s.io/apiserver/pkg/registry/generic/registry
 */
export function withPropagation<T extends KubeObject>(object: T, policy: Propagation | undefined): T {
  if (policy === undefined) return object
  const { finalizers: before = [] } = object.metadata
  const finalizers = before.filter((each) => each !== ORPHAN_FINALIZER && each !== FOREGROUND_FINALIZER)
  if (policy === 'Orphan') finalizers.push(ORPHAN_FINALIZER)
  if (policy === 'Foreground') finalizers.push(FOREGROUND_FINALIZER)
  if (before.length === finalizers.length && finalizers.every((each) => before.includes(each))) return object
  return { ...object, metadata: { ...object.metadata, finalizers } }
}
