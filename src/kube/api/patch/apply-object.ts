import { Failure } from '../../../failure.ts'
import { appliedFields, withParents } from './applied-fields.ts'
import { checkApplied } from './check-applied.ts'
import { compareFields } from './compare-fields.ts'
import {
  differenceOf,
  fieldPaths,
  type FieldSet,
  intersectionOf,
  isEmptySet,
  NOTHING_BELOW,
  unionOf,
  withoutBelow,
} from './field-set.ts'
import { isJsonObject, isSameJson, type JsonObject } from './json-value.ts'
import {
  allOwned,
  disown,
  type FieldManager,
  isSameManager,
  type ManagedEntry,
  ownableParts,
  unheardFields,
} from './managed-fields.ts'
import { mergeApplied } from './merge-applied.ts'
import { removeFields, withoutNulls } from './remove-fields.ts'
import { type Shape, shapeOf } from './shape.ts'

export interface Application {
  readonly typeName: string
  /** An empty one when there is none yet. */
  readonly live: JsonObject
  /** What is applied. */
  readonly configuration: JsonObject
  readonly entries: readonly ManagedEntry[]
  readonly by: FieldManager & { readonly operation: 'Apply' }
  /** Whether to take fields from others who own them. */
  readonly force: boolean
  /** RFC 3339. */
  readonly time: string
}

/**
 * The object after a server-side apply, and who owns its fields then. Fields that were applied before, are not any more
 * and that nobody else owns are removed.
 *
 * @throws Failure Conflict when others own fields that would change; InternalError for what does not fit the type
 * @see https://kubernetes.io/docs/reference/using-api/server-side-apply/
 */
export function applyObject(application: Application): {
  readonly object: JsonObject
  readonly entries: readonly ManagedEntry[]
} {
  const { typeName, live, entries, by, force, time } = application
  const shape = shapeOf(typeName)
  const configuration = readConfiguration(application, shape)
  const own = entries.find((entry) => isSameManager(entry, by))
  const others = entries.filter((entry) => entry !== own)
  const fields = withoutBelow(appliedFields(withoutEmptyMetadata(configuration), shape), unheardFields(by.subresource))
  const owned = unionOf(allOwned(others), fields)

  const merged = mergeApplied(live, withIdentityOf(live, configuration), shape)
  const object = prune(merged as JsonObject, { last: own?.fields ?? NOTHING_BELOW, owned, shape })
  const { written, removed } = compareFields(ownableParts(live), ownableParts(object), shape)
  const conflicts = conflictsWith(others, written)
  if (conflicts.length > 0 && !force && !mayUpgrade(application, conflicts)) throw conflictFailure(conflicts)

  const isChanged = !isEmptySet(written) || !isEmptySet(removed) || !isSameJson(own?.fields, fields)
  const mine = { ...by, time: isChanged ? time : own?.time, fields }
  return { object, entries: [...disown(others, unionOf(written, removed)), ...(isEmptySet(fields) ? [] : [mine])] }
}

function readConfiguration({ configuration }: Application, shape: Shape): JsonObject {
  const { apiVersion, kind, metadata } = configuration
  if (isJsonObject(metadata) && metadata['managedFields'] !== undefined && metadata['managedFields'] !== null) {
    throw new Failure('BadRequest', 'metadata.managedFields must be nil')
  }
  const errors = checkApplied(configuration, shape)
  if (errors.length === 0) return ownableParts(configuration)
  const { namespace = '', name = '' } = isJsonObject(metadata) ? metadata : {}
  const groupVersion = String(apiVersion).includes('/') ? String(apiVersion) : `/${String(apiVersion)}`
  const what = `${String(namespace)}/${String(name)}; ${groupVersion}, Kind=${String(kind)}`
  const sentence = errors.length === 1 ? errors.join() : `errors:\n${errors.map((error) => `  ${error}`).join('\n')}`
  throw new Failure('InternalError', `failed to create typed patch object (${what}): ${sentence}`)
}

/** Who names an object and says no more of its metadata owns nothing of it. */
function withoutEmptyMetadata(configuration: JsonObject): JsonObject {
  const { metadata, ...parts } = configuration
  return isJsonObject(metadata) && Object.keys(metadata).length === 0 ? parts : configuration
}

function withIdentityOf(live: JsonObject, configuration: JsonObject): JsonObject {
  const { metadata } = configuration
  return isJsonObject(live['metadata']) && metadata === undefined ? { ...configuration, metadata: {} } : configuration
}

interface Pruning {
  /** What the one who applies owned before. */
  readonly last: FieldSet
  /** What anybody owns now. */
  readonly owned: FieldSet
  readonly shape: Shape
}

/** Source: merge.Updater.prune: first all that was applied last goes, then comes back what has an owner. */
function prune(merged: JsonObject, { last, owned, shape }: Pruning): JsonObject {
  if (isEmptySet(last)) return merged
  const fieldsIn = (value: unknown): FieldSet => withParents(appliedFields(value, shape), shape)
  const all = fieldsIn(merged)
  const lastWithParents = withParents(last, shape)
  const rest = fieldsIn(removeFields(merged, lastWithParents, shape))
  const unowned = differenceOf(all, unionOf(rest, withParents(owned, shape)))
  const kept = fieldsIn(removeFields(merged, unowned, shape))
  const pruned = removeFields(merged, intersectionOf(differenceOf(all, kept), lastWithParents), shape)
  return isJsonObject(pruned) ? withoutNulls(pruned) : {}
}

interface Conflict {
  readonly entry: ManagedEntry
  readonly fields: FieldSet
}

function conflictsWith(others: readonly ManagedEntry[], written: FieldSet): Conflict[] {
  return others
    .map((entry) => ({ entry, fields: intersectionOf(entry.fields, written) }))
    .filter(({ fields }) => !isEmptySet(fields))
    .sort((one, other) => (ownerText(one.entry) < ownerText(other.entry) ? -1 : 1))
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/**
 * Whether `kubectl apply --server-side` may take over what `kubectl apply` left: what the object's annotation says that
 * it applied and nobody changed since.
 */
function mayUpgrade({ live, by, typeName }: Application, conflicts: readonly Conflict[]): boolean {
  if (by.manager !== 'kubectl') return false
  const metadata = isJsonObject(live['metadata']) ? live['metadata'] : {}
  const annotations = isJsonObject(metadata['annotations']) ? metadata['annotations'] : {}
  const last = parseObject(annotations[LAST_APPLIED])
  if (last === undefined) return false
  const shape = shapeOf(typeName)
  const { written, removed } = compareFields(ownableParts(last), ownableParts(live), shape)
  const unchanged = differenceOf(differenceOf(appliedFields(ownableParts(last), shape), written), removed)
  return conflicts.every(({ fields }) => isEmptySet(differenceOf(fields, unchanged)))
}

function parseObject(text: unknown): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(String(text))
    return isJsonObject(value) ? value : undefined
  } catch {
    // An annotation that somebody else wrote: it says nothing about what was applied.
    return undefined
  }
}

function conflictFailure(conflicts: readonly Conflict[]): Failure {
  const each = conflicts.map(({ entry, fields }) => ({ owner: ownerText(entry), paths: fieldPaths(fields) }))
  const causes = each.flatMap(({ owner, paths }) =>
    paths.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${owner}`, field })),
  )
  const list = each.flatMap(({ owner, paths }) => [`conflicts with ${owner}:`, ...paths.map((path) => `- ${path}`)])
  const [first] = causes
  const sentence =
    causes.length === 1 && first !== undefined
      ? `1 conflict: ${first.message}: ${first.field}`
      : `${causes.length} conflicts: ${list.join('\n')}`
  return new Failure('Conflict', `Apply failed with ${sentence}`, { details: { causes } })
}

function ownerText({ manager, operation, apiVersion, subresource }: ManagedEntry): string {
  const through = subresource === undefined ? '' : ` with subresource ${JSON.stringify(subresource)}`
  const version = operation === 'Update' ? ` using ${apiVersion}` : ''
  return JSON.stringify(manager) + through + version
}
