import { Failure } from '../../failure.ts'
import { NAMESPACES } from '../store/resources.ts'
import { notFound } from '../store/store-failure.ts'
import type { KubeObject, ObjectKey } from '../store/store.ts'
import type { DeleteOptions } from './delete-options.ts'
import { STORED_RESOURCES } from './kinds/kinds.ts'
import type { Kind } from './kinds/kind.ts'
import { markDeleted } from './mark-deleted.ts'
import type { ServerParts } from './server-parts.ts'

/** Removes the object, or begins its graceful deletion. @returns it as it is then, or was last. */
export async function deleteOne(
  parts: ServerParts,
  target: { readonly kind: Kind; readonly key: ObjectKey },
  options: DeleteOptions,
): Promise<{ readonly object: KubeObject; readonly isGone: boolean }> {
  const { store, clock } = parts
  const { kind, key } = target
  let isGone = false
  const change = (current: KubeObject): KubeObject | undefined => {
    checkDeletePreconditions(kind, current, options)
    refuseFullNamespace(parts, kind, current)
    const deletion = kind.deletion?.(current, options.graceSeconds) ?? { is: 'at-once' }
    isGone = deletion.is === 'at-once'
    if (deletion.is === 'at-once') return undefined
    const isRepeated = current.metadata.deletionTimestamp !== undefined
    return markDeleted(current, isRepeated ? options.graceSeconds : deletion.graceSeconds, clock.nowMs())
  }
  if (options.dryRun) {
    const current = store.get(kind.resource, key)
    if (current === undefined) throw notFound(kind.resource, key.name)
    return { object: change(current) ?? current, isGone }
  }
  const object = await store.modify(kind.resource, key, change)
  return { object, isGone }
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

/** Nothing empties a namespace that is deleted: without this its objects would stay and be out of reach. */
function refuseFullNamespace({ store }: ServerParts, kind: Kind, namespace: KubeObject): void {
  if (kind.resource.plural !== NAMESPACES.plural) return
  const { name = '' } = namespace.metadata
  const held = STORED_RESOURCES.filter(
    (resource) => resource.namespaced && store.list(resource, { namespace: name, limit: 1 }).items.length > 0,
  )
  if (held.length === 0) return
  const what = held.map(({ plural }) => plural).join(' and ')
  throw new Failure('Conflict', `delete namespace "${name}": there are ${what} in it; delete them first`, {
    details: { name, kind: 'namespaces' },
  })
}
