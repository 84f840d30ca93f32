import { notFound } from '../store/store-failure.ts'
import type { KubeObject } from '../store/store.ts'
import type { ObjectRequest } from './api-request.ts'
import { prepareValidated } from './field-validation.ts'
import type { ServerParts } from './server-parts.ts'

export interface Replacement {
  /** What of the object the request may change. */
  readonly part: 'object' | 'status'
  readonly dryRun: boolean
  /** What the client wants the newest version to become. Pure; throws a Failure to refuse. */
  readonly next: (current: KubeObject) => KubeObject
}

/** Replaces an object by what its kind's rules make of the client's wish, with no other write between. */
export async function replaceObject(
  { store }: ServerParts,
  request: ObjectRequest,
  { part, dryRun, next }: Replacement,
): Promise<{ readonly object: KubeObject; readonly warnings: readonly string[] }> {
  const { kind, namespace, name } = request
  const rules = await kind.rules(store)
  let warnings: readonly string[] = []
  const change = (current: KubeObject): KubeObject => {
    const prepared = prepareValidated(request, next(current), (value) =>
      part === 'status' ? rules.prepareStatus(value, current) : rules.prepareUpdate(value, current),
    )
    warnings = prepared.warnings
    return prepared.object
  }
  if (dryRun) {
    const current = store.get(kind.resource, { namespace, name })
    if (current === undefined) throw notFound(kind.resource, name)
    return { object: change(current), warnings }
  }
  const object = await store.modify(kind.resource, { namespace, name }, change)
  return { object, warnings }
}
