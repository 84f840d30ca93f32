import type { ManagedEntry } from '../../kube/api/patch/managed-fields.ts'
import type { KubeObject } from '../store/store.ts'
import type { ApiRequest } from './api-request.ts'
import { checkNamespaceTakesMore } from './check-namespace-takes-more.ts'
import { ownersOfNew, withOwners } from './field-owners.ts'
import { prepareValidated } from './field-validation.ts'
import { without } from './kinds/prepare-object.ts'
import type { ServerParts } from './server-parts.ts'
import type { WriteOptions } from './write-options.ts'

export interface NewObject {
  /** The object as it came. */
  readonly value: KubeObject
  readonly options: WriteOptions
  /** Who owns its fields; absent: who creates it. */
  readonly owners?: readonly ManagedEntry[]
}

/**
 * Stores a new object as its kind's rules make it.
 *
 * @throws Failure AlreadyExists, NotFound or Forbidden for its namespace, BadRequest, Invalid
 */
export async function createNew(
  parts: ServerParts,
  request: ApiRequest,
  { value, options, owners }: NewObject,
): Promise<{ readonly object: KubeObject; readonly warnings: readonly string[] }> {
  const { store, ids, clock, nodeName } = parts
  const { kind, namespace } = request
  const rules = await kind.rules(store)
  if (namespace !== undefined) checkNamespaceTakesMore(store, namespace, { resource: kind.resource, value })
  const nowMs = clock.nowMs()
  const admission = { uid: ids.uid(), nowMs, nameSuffix: ids.nameSuffix(), nodeName }
  // Who owns what is no part of what rules are about.
  const sent = { ...value, metadata: without(value.metadata, 'managedFields') }
  const { object, warnings } = prepareValidated(request, sent, {
    level: options.fieldValidation,
    prepare: (each) => rules.prepareCreate(each, admission),
  })
  const writer = { manager: options.manager, nowMs }
  const stored = withOwners(object, owners ?? ownersOfNew({ kind, sent: value, stored: object, writer }))
  return { object: options.dryRun ? stored : await store.create(kind.resource, stored), warnings }
}
