import { Failure } from '../../failure.ts'
import { resourceId } from '../store/change.ts'
import type { AnyChange, KubeObject, Resource, Store } from '../store/store.ts'

/** One object of a resource: as it is, or as it was last. */
export interface Told {
  readonly resource: Resource
  readonly type: AnyChange['type']
  readonly object: KubeObject
}

/**
 * Tells every object that there is as ADDED, then every change in order. Begins again
 * when it fell behind what the store keeps. Settles with the signal.
 */
export async function followAll(
  store: Store,
  { resources, signal }: { readonly resources: readonly Resource[]; readonly signal: AbortSignal },
  tell: (told: Told) => void,
): Promise<void> {
  const byId = new Map(resources.map((resource) => [resourceId(resource), resource]))
  let known = new Map<KubeObject['metadata']['uid'], Told>()
  while (!signal.aborted) {
    const fromResourceVersion = store.resourceVersion
    const present = [...byId.values()].flatMap((resource) =>
      store.list(resource).items.map((object): Told => ({ resource, type: 'ADDED', object })),
    )
    const gone = known
    known = new Map(present.map((told) => [told.object.metadata.uid, told]))
    // What went unseen while it was behind.
    for (const [uid, told] of gone) if (!known.has(uid)) tell({ ...told, type: 'DELETED' })
    for (const told of present) tell(told)
    try {
      for await (const { resourceId: id, type, object } of store.watchAll({ fromResourceVersion, signal })) {
        const resource = byId.get(id)
        if (resource === undefined) continue
        const told: Told = { resource, type, object }
        if (type === 'DELETED') known.delete(object.metadata.uid)
        else known.set(object.metadata.uid, told)
        tell(told)
      }
      return
    } catch (thrown) {
      if (!(thrown instanceof Failure && thrown.reason === 'Expired')) throw thrown
    }
  }
}
