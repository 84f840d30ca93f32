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
 * @throws Failure AlreadyExists, NotFound or Forbidden for its namespace or its writer, BadRequest, Invalid
 */
export async function createNew(
  parts: ServerParts,
  request: ApiRequest,
  { value, options, owners }: NewObject,
): Promise<{ readonly object: KubeObject; readonly warnings: readonly string[] }> {
  const { store, ids, clock, nodeName } = parts
  const { kind, namespace, user } = request
  const rules = await kind.rules(store)
  if (namespace !== undefined) checkNamespaceTakesMore(store, namespace, { resource: kind.resource, value })
  const nowMs = clock.nowMs()
  const admission = {
    uid: ids.uid(),
    nowMs,
    nameSuffix: ids.nameSuffix(),
    nodeName,
    ...(parts.signing === undefined ? {} : { accountSuffix: ids.nameSuffix() }),
  }
  // Who owns what is no part of what rules are about.
  const sent = { ...value, metadata: without(value.metadata, 'managedFields') }
  const writer = { manager: options.manager, nowMs }
  let warnings: readonly string[] = []
  const make = (): KubeObject => {
    const prepared = prepareValidated(request, sent, {
      level: options.fieldValidation,
      prepare: (each) => rules.prepareCreate(each, admission),
    })
    const stored = prepared.object
    warnings = [...prepared.warnings, ...(rules.warnings?.(stored) ?? [])]
    kind.checkWriter?.({ store, user }, stored)
    return withOwners(stored, owners ?? ownersOfNew({ kind, sent: value, stored, writer }))
  }
  const made = make()
  if (options.dryRun) return { object: made, warnings }
  const object = await store.create(kind.resource, made, rules.seesOthers === true ? make : undefined)
  return { object, warnings }
}
