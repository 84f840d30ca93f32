import { differenceOf, type FieldSet, fieldElement, isEmptySet, sortedSet, unionOf } from './field-set.ts'
import { isJsonObject, type JsonObject } from './json-value.ts'

/** Who writes: one of these owns fields. */
export interface FieldManager {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  /** Of the kind as it was written, such as `v1`. */
  readonly apiVersion: string
  /** Absent: the object itself. */
  readonly subresource?: string | undefined
}

/** One entry of `metadata.managedFields`. */
export interface ManagedEntry extends FieldManager {
  /** RFC 3339; of the last write that gave it a field. */
  readonly time?: string | undefined
  readonly fields: FieldSet
}

/** Metadata that nobody owns: the object's identity, and what the server writes. */
const NOBODYS = [
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'clusterName',
  'generation',
  'managedFields',
  'resourceVersion',
]

/** Of an object what can have an owner. */
export function ownableParts(object: JsonObject): JsonObject {
  const parts: Record<string, unknown> = { ...object }
  delete parts['apiVersion']
  delete parts['kind']
  const { metadata } = object
  if (!isJsonObject(metadata)) return parts
  const kept: Record<string, unknown> = { ...metadata }
  for (const name of NOBODYS) Reflect.deleteProperty(kept, name)
  return { ...parts, metadata: kept }
}

/** The entries of `metadata.managedFields`; none when they can't be read, as in Kubernetes. */
export function readManagedFields(value: unknown): ManagedEntry[] {
  if (!Array.isArray(value)) return []
  const entries = value.map(readEntry)
  return entries.every((entry) => entry !== undefined) ? entries : []
}

function readEntry(value: unknown): ManagedEntry | undefined {
  if (!isJsonObject(value)) return undefined
  const { manager = '', operation, apiVersion, time, subresource, fieldsType, fieldsV1 = {} } = value
  if (operation !== 'Apply' && operation !== 'Update') return undefined
  if (typeof manager !== 'string' || typeof apiVersion !== 'string' || apiVersion === '') return undefined
  if (fieldsType !== 'FieldsV1' || !isFieldSet(fieldsV1)) return undefined
  return {
    manager,
    operation,
    apiVersion,
    ...(typeof time === 'string' ? { time } : {}),
    ...(typeof subresource === 'string' && subresource !== '' ? { subresource } : {}),
    fields: fieldsV1,
  }
}

function isFieldSet(value: unknown): value is FieldSet {
  if (!isJsonObject(value)) return false
  return Object.entries(value).every(([element, parts]) => isElement(element) && isFieldSet(parts))
}

function isElement(element: string): boolean {
  if (element === '.' || element.startsWith('f:')) return true
  if (!/^[kvi]:/.test(element)) return false
  try {
    const value: unknown = JSON.parse(element.slice(2))
    return !element.startsWith('k:') || isJsonObject(value)
  } catch {
    // Not what an owner of fields would have been given: the list as a whole means nothing.
    return false
  }
}

/** Whether a client asks with `managedFields: [{}]` that all be forgotten. */
export function isReset(value: unknown): boolean {
  return Array.isArray(value) && value.length === 1 && isJsonObject(value[0]) && Object.keys(value[0]).length === 0
}

/** As it stands in the object: those who apply first, then by time and name. */
export function writeManagedFields(entries: readonly ManagedEntry[]): JsonObject[] {
  const order = ({ operation, time = '', manager, apiVersion, subresource = '' }: ManagedEntry): string[] => [
    operation,
    time,
    manager,
    apiVersion,
    subresource,
  ]
  return [...entries]
    .sort((one, other) => compareLists(order(one), order(other)))
    .map(({ manager, operation, apiVersion, time, subresource, fields }) => ({
      manager,
      operation,
      apiVersion,
      ...(time === undefined ? {} : { time }),
      fieldsType: 'FieldsV1',
      fieldsV1: sortedSet(fields),
      ...(subresource === undefined ? {} : { subresource }),
    }))
}

function compareLists(one: readonly string[], other: readonly string[]): number {
  const at = one.findIndex((text, index) => text !== other[index])
  if (at === -1) return 0
  return (one[at] ?? '') < (other[at] ?? '') ? -1 : 1
}

/** Whether two are one owner. Who applies is the same in all versions of a kind. */
export function isSameManager(one: FieldManager, other: FieldManager): boolean {
  return (
    one.manager === other.manager &&
    one.operation === other.operation &&
    one.subresource === other.subresource &&
    (one.operation === 'Apply' || one.apiVersion === other.apiVersion)
  )
}

/** The owners without these fields; who owns nothing any more is gone. */
export function disown(entries: readonly ManagedEntry[], fields: FieldSet): ManagedEntry[] {
  if (isEmptySet(fields)) return [...entries]
  return entries
    .map((entry) => ({ ...entry, fields: differenceOf(entry.fields, fields) }))
    .filter((entry) => !isEmptySet(entry.fields))
}

export function allOwned(entries: readonly ManagedEntry[]): FieldSet {
  return entries.reduce<FieldSet>((set, { fields }) => unionOf(set, fields), {})
}

/** Fields that writing through one part of the API never gives an owner, because such a write does not change them. */
export function unheardFields(subresource: string | undefined): FieldSet {
  if (subresource === undefined) return { [fieldElement('status')]: {} }
  if (subresource !== 'status') return {}
  return { 'f:spec': {}, 'f:metadata': { 'f:deletionTimestamp': {}, 'f:ownerReferences': {} } }
}
