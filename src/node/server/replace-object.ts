import { isSameJson } from '../../kube/api/patch/json-value.ts'
import type { ManagedEntry } from '../../kube/api/patch/managed-fields.ts'
import type { Parsed } from '../../kube/api/problem.ts'
import { unlessLetGo } from '../store/held-object.ts'
import { notFound } from '../store/store-failure.ts'
import type { KubeObject } from '../store/store.ts'
import type { ObjectRequest } from './api-request.ts'
import { ownersAfter, withOwners, type Writer } from './field-owners.ts'
import { prepareValidated, type Refuse } from './field-validation.ts'
import type { KindRules, ObjectPart } from './kinds/kind.ts'
import { without } from './kinds/prepare-object.ts'
import type { ServerParts } from './server-parts.ts'
import { noSuchResource } from './status.ts'
import type { WriteOptions } from './write-options.ts'

/** What the client wants an object to become. */
export interface Wanted {
  readonly value: KubeObject
  /** Who owns its fields then; absent: the client owns what it changed. */
  readonly owners?: readonly ManagedEntry[]
  /** What the client is told although all went well. */
  readonly warnings?: readonly string[]
  /** Absent: as of any object that came whole. */
  readonly refuse?: Refuse
}

export interface Replacement {
  /** What of the object the request may change. */
  readonly part: ObjectPart
  readonly options: WriteOptions
  /** What the newest version becomes. Pure; throws a Failure to refuse. */
  readonly next: (current: KubeObject) => Wanted
}

/** Replaces an object by what its kind's rules make of the client's wish, with no other write between. */
export async function replaceObject(
  { store, clock }: ServerParts,
  request: ObjectRequest,
  { part, options, next }: Replacement,
): Promise<{ readonly object: KubeObject; readonly warnings: readonly string[] }> {
  const { kind, namespace, name, user } = request
  const rules = await kind.rules(store)
  const writer = { manager: options.manager, nowMs: clock.nowMs(), subresource: subresourceOf(part) }
  let warnings: readonly string[] = []
  const change = (current: KubeObject): KubeObject => {
    const wanted = next(current)
    // Who owns what is no part of what rules are about.
    const [value, before] = [wanted.value, current].map((each) => ({
      ...each,
      metadata: without(each.metadata, 'managedFields'),
    })) as [KubeObject, KubeObject]
    const prepared = prepareValidated(request, value, {
      level: options.fieldValidation,
      refuse: wanted.refuse,
      prepare: (each) => preparePart(part, rules, { value: each, current: before }),
    })
    warnings = [...(wanted.warnings ?? []), ...prepared.warnings]
    const stored = prepared.object
    if (part === 'object') kind.checkWriter?.({ store, user }, stored, before)
    const owned = withOwners(stored, wanted.owners ?? ownersAfter({ current, wanted: wanted.value, stored, writer }))
    // A write that changes nothing is none: the order of fields means nothing.
    const version = { resourceVersion: current.metadata.resourceVersion }
    return isSameJson({ ...owned, metadata: { ...owned.metadata, ...version } }, current) ? current : owned
  }
  if (options.dryRun) {
    const current = store.get(kind.resource, { namespace, name })
    if (current === undefined) throw notFound(kind.resource, name)
    return { object: change(current), warnings }
  }
  let letGo: KubeObject | undefined
  const replace = (current: KubeObject): KubeObject | undefined => {
    const replaced = change(current)
    const left = unlessLetGo(replaced, current)
    // Who takes the last finalizer away sees the object as it would have been.
    letGo = left === undefined ? replaced : undefined
    return left
  }
  const turn = rules.seesOthers === true ? { seesOthers: true } : {}
  const object = await store.modify(kind.resource, { namespace, name }, replace, turn)
  return { object: letGo ?? object, warnings }
}

/** The subresource that a part is reached by; undefined: by the object itself. */
export function subresourceOf(part: ObjectPart): Writer['subresource'] {
  return part === 'object' ? undefined : part
}

function preparePart(
  part: ObjectPart,
  rules: KindRules<KubeObject>,
  { value, current }: { readonly value: KubeObject; readonly current: KubeObject },
): Parsed<KubeObject> {
  switch (part) {
    case 'object':
      return rules.prepareUpdate(value, current)
    case 'status':
      return rules.prepareStatus(value, current)
    case 'ephemeralcontainers':
      if (rules.prepareEphemeralContainers === undefined) throw noSuchResource()
      return rules.prepareEphemeralContainers(value, current)
    case 'resize':
      if (rules.prepareResize === undefined) throw noSuchResource()
      return rules.prepareResize(value, current)
  }
}
