import { rfc3339 } from '../../kube/api/rfc3339.ts'
import { Failure } from '../../failure.ts'
import { removeUnlessHeld } from '../store/held-object.ts'
import { markDeleted } from '../store/mark-deleted.ts'
import { withPropagation } from '../store/propagation.ts'
import { notFound } from '../store/store-failure.ts'
import type { KubeObject, ObjectKey } from '../store/store.ts'
import type { DeleteOptions } from './delete-options.ts'
import type { Kind } from './kinds/kind.ts'
import type { ServerParts } from './server-parts.ts'

/** Removes the object, or begins its deletion. @returns it as it is then, or was last. */
export async function deleteOne(
  { store, clock }: ServerParts,
  target: { readonly kind: Kind; readonly key: ObjectKey },
  options: DeleteOptions,
): Promise<{ readonly object: KubeObject; readonly isGone: boolean }> {
  const { kind, key } = target
  let isGone = false
  const change = (current: KubeObject): KubeObject | undefined => {
    checkDeletePreconditions(kind, current, options)
    const next = computeDeletion(kind, current, { options, nowMs: clock.nowMs() })
    isGone = next === undefined
    return next
  }
  if (options.dryRun) {
    const current = store.get(kind.resource, key)
    if (current === undefined) throw notFound(kind.resource, key.name)
    return { object: change(current) ?? current, isGone }
  }
  const object = await store.modify(kind.resource, key, change)
  return { object, isGone }
}

/** What the request makes of the object; undefined: nothing is left of it. */
function computeDeletion(
  kind: Kind,
  current: KubeObject,
  { options, nowMs }: { readonly options: DeleteOptions; readonly nowMs: number },
): KubeObject | undefined {
  const { graceSeconds, propagation } = options
  const isRepeated = current.metadata.deletionTimestamp !== undefined
  const deletion = kind.deletion?.(current, graceSeconds) ?? { is: 'at-once' }
  switch (deletion.is) {
    case 'graceful':
      // What was asked for first stays: only the grace period can still shrink.
      return isRepeated
        ? markDeleted(current, graceSeconds, nowMs)
        : withPropagation(markDeleted(current, deletion.graceSeconds, nowMs), propagation)
    case 'emptied-first':
      return isRepeated ? current : withPropagation(withDeletionTimestamp(deletion.object, nowMs), propagation)
    case 'at-once':
      return removeUnlessHeld(withPropagation(current, propagation), nowMs)
  }
}

function withDeletionTimestamp(object: KubeObject, nowMs: number): KubeObject {
  const deletionTimestamp = rfc3339(nowMs)
  return { ...object, metadata: { ...object.metadata, deletionTimestamp } }
}

/** The sentences of rest.BeforeDelete, which names the kind where other conflicts name the resource. */
function checkDeletePreconditions(kind: Kind, current: KubeObject, { preconditions }: DeleteOptions): void {
  const { name = '', uid = '', resourceVersion = '' } = current.metadata
  const refuse = (why: string): Failure => {
    const message = `Operation cannot be fulfilled on ${kind.resource.kind} "${name}": ${why}`
    return new Failure('Conflict', message, { details: { name, kind: kind.resource.kind } })
  }
  if (preconditions.uid !== undefined && preconditions.uid !== uid) {
    throw refuse(
      `the UID in the precondition (${preconditions.uid}) does not match the UID in record (${uid}). ` +
        'The object might have been deleted and then recreated',
    )
  }
  if (preconditions.resourceVersion !== undefined && preconditions.resourceVersion !== resourceVersion) {
    throw refuse(
      `the ResourceVersion in the precondition (${preconditions.resourceVersion}) does not match the ` +
        `ResourceVersion in record (${resourceVersion}). The object might have been modified`,
    )
  }
}
