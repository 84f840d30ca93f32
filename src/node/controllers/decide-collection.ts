import type { KubeObject } from '../store/store.ts'
import { FOREGROUND_FINALIZER, ORPHAN_FINALIZER, type Propagation } from '../store/propagation.ts'

type OwnerReference = NonNullable<KubeObject['metadata']['ownerReferences']>[number]

/** What is known of the owner that a reference names. */
export type OwnerState =
  /** It stays, or it can't be told. */
  | 'stays'
  | 'gone'
  /** It is only there until the dependents that block it are gone. */
  | 'waits-for-dependents'

/** What the owners of an object mean for it. */
export type Collection =
  | { readonly do: 'nothing' }
  | { readonly do: 'delete'; readonly propagation: Propagation | undefined }
  /** Some of its owners stay, so it does; it no longer names those that don't. */
  | { readonly do: 'drop-owners'; readonly uids: readonly string[] }

/**
 * Whether an object goes after its owners.
 *
 * @param hasDependents objects that name it as their owner.
 * @see attemptToDeleteItem of pkg/controller/garbagecollector
 */
export function decideCollection(
  object: KubeObject,
  stateOf: (owner: OwnerReference) => OwnerState,
  hasDependents: boolean,
): Collection {
  const { ownerReferences: owners = [], deletionTimestamp } = object.metadata
  if (owners.length === 0 || deletionTimestamp !== undefined) return { do: 'nothing' }
  const states = owners.map((owner) => ({ uid: owner.uid, state: stateOf(owner) }))
  const leaving = states.filter(({ state }) => state !== 'stays').map(({ uid }) => uid)
  if (leaving.length === 0) return { do: 'nothing' }
  if (leaving.length < owners.length) return { do: 'drop-owners', uids: leaving }
  // Who waits for this object waits for what depends on it, too.
  const isWaitedFor = states.some(({ state }) => state === 'waits-for-dependents')
  return { do: 'delete', propagation: isWaitedFor && hasDependents ? 'Foreground' : undefined }
}

/** What an object that is being deleted waits for before it may go, of what the collector does. */
export function waitsFor({ metadata }: KubeObject): Extract<Propagation, 'Foreground' | 'Orphan'> | undefined {
  const { deletionTimestamp, finalizers = [] } = metadata
  if (deletionTimestamp === undefined) return undefined
  if (finalizers.includes(ORPHAN_FINALIZER)) return 'Orphan'
  return finalizers.includes(FOREGROUND_FINALIZER) ? 'Foreground' : undefined
}

/** Whether the dependent holds up an owner that is deleted in the foreground. */
export function blocks(dependent: KubeObject, ownerUid: string): boolean {
  return (
    dependent.metadata.ownerReferences?.some((owner) => owner.uid === ownerUid && owner.blockOwnerDeletion === true) ??
    false
  )
}

/** The object without references to these owners. */
export function withoutOwners<T extends KubeObject>(object: T, uids: readonly string[]): T {
  const { ownerReferences = [], ...rest } = object.metadata
  const kept = ownerReferences.filter(({ uid }) => !uids.includes(uid))
  if (kept.length === ownerReferences.length) return object
  return { ...object, metadata: kept.length === 0 ? rest : { ...rest, ownerReferences: kept } }
}

/** The object without one of its finalizers. */
export function withoutFinalizer<T extends KubeObject>(object: T, name: string): T {
  const { finalizers = [], ...rest } = object.metadata
  const kept = finalizers.filter((each) => each !== name)
  if (kept.length === finalizers.length) return object
  return { ...object, metadata: kept.length === 0 ? rest : { ...rest, finalizers: kept } }
}
