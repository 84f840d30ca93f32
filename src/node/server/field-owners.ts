import { rfc3339 } from '../../kube/api/rfc3339.ts'
import { emptyObject } from '../../kube/api/patch/empty-object.ts'
import { isJsonObject, type JsonObject } from '../../kube/api/patch/json-value.ts'
import { itemElement, itemsByElement } from '../../kube/api/patch/list-items.ts'
import {
  isReset,
  type ManagedEntry,
  readManagedFields,
  writeManagedFields,
} from '../../kube/api/patch/managed-fields.ts'
import { type Shape, shapeAt, shapeOf, typeNameOf } from '../../kube/api/patch/shape.ts'
import { trackUpdate } from '../../kube/api/patch/track-update.ts'
import type { KubeObject } from '../store/store.ts'
import type { Kind, ObjectPart } from './kinds/kind.ts'

/** Who writes an object, through which part of the API. */
export interface Writer {
  readonly manager: string
  /** Absent: the object itself. */
  readonly subresource?: Exclude<ObjectPart, 'object'> | undefined
  readonly nowMs: number
}

/** The instant of a write as `metadata.managedFields` tells it. */
export function writeTime({ nowMs }: Writer): string {
  return rfc3339(nowMs)
}

interface Creation {
  readonly kind: Kind
  /** The object as it came. */
  readonly sent: KubeObject
  /** The object as it will be stored. */
  readonly stored: KubeObject
  readonly writer: Writer
}

/** Who owns the fields of a new object: its creator, all but what the server added of itself. */
export function ownersOfNew({ kind, sent, stored, writer }: Creation): ManagedEntry[] {
  const { apiVersion } = stored
  const typeName = typeNameOf(apiVersion, stored.kind)
  const creators = creatorsPart(asJson(stored), asJson(sent), shapeOf(typeName)) as JsonObject
  return trackUpdate({
    typeName,
    before: emptyObject(typeName),
    after: (kind.addedFields ?? []).reduce((object, field) => withoutAdded(object, asJson(sent), field), creators),
    entries: readManagedFields(sent.metadata.managedFields),
    by: { manager: writer.manager, operation: 'Update', apiVersion },
    time: writeTime(writer),
  })
}

interface Change {
  readonly current: KubeObject
  /** What the client wants; its managedFields count, too. */
  readonly wanted: KubeObject
  readonly stored: KubeObject
  readonly writer: Writer
}

/** Who owns the fields of an object after an update or a patch. */
export function ownersAfter({ current, wanted, stored, writer }: Change): ManagedEntry[] {
  const { apiVersion } = stored
  const { manager, subresource } = writer
  const typeName = typeNameOf(apiVersion, stored.kind)
  return trackUpdate({
    typeName,
    before: { ...emptyParts(typeName), ...asJson(current) },
    after: { ...emptyParts(typeName), ...asJson(stored) },
    entries: entriesBefore(current, wanted, writer),
    by: { manager, operation: 'Update', apiVersion, ...(subresource === undefined ? {} : { subresource }) },
    time: writeTime(writer),
  })
}

/** A client that does not know of managedFields must not delete them by leaving them out. */
function entriesBefore(current: KubeObject, wanted: KubeObject, { subresource }: Writer): ManagedEntry[] {
  const asked = wanted.metadata.managedFields
  if (subresource === undefined && isReset(asked)) return []
  const entries = subresource === undefined ? readManagedFields(asked) : []
  return entries.length > 0 ? entries : readManagedFields(current.metadata.managedFields)
}

/** The object with these owners and no others. */
export function withOwners<T extends KubeObject>(object: T, entries: readonly ManagedEntry[]): T {
  const metadata: Record<string, unknown> = { ...object.metadata }
  Reflect.deleteProperty(metadata, 'managedFields')
  return {
    ...object,
    metadata: entries.length === 0 ? metadata : { ...metadata, managedFields: writeManagedFields(entries) },
  }
}

/** Parts that every object of the type has, be it empty. */
function emptyParts(typeName: string): JsonObject {
  return Object.fromEntries(Object.keys(emptyObject(typeName)).map((part) => [part, {}]))
}

/** Without the items of keyed lists that were not sent: defaults never add any, so the server did. */
function creatorsPart(stored: unknown, sent: unknown, shape: Shape): unknown {
  if (shape.is === 'list' && Array.isArray(stored)) {
    const items = itemsByElement(Array.isArray(sent) ? sent : [], shape.keys)
    const kept = stored.filter((item) => items.has(itemElement(item, shape.keys)))
    if (kept.length === 0 && !Array.isArray(sent)) return undefined
    return kept.map((item) => creatorsPart(item, items.get(itemElement(item, shape.keys)), shape.of))
  }
  if (shape.is !== 'struct' || !isJsonObject(stored)) return stored
  const parts: Record<string, unknown> = {}
  for (const [name, part] of Object.entries(stored)) {
    const kept = creatorsPart(part, isJsonObject(sent) ? sent[name] : undefined, shapeAt(shape, name) ?? shape)
    if (kept !== undefined) parts[name] = kept
  }
  return parts
}

/** @param path such as `spec.nodeName`. */
function withoutAdded(object: JsonObject, sent: JsonObject, path: string): JsonObject {
  const [part = '', field] = path.split('.')
  if (field === undefined) return sent[part] === undefined ? { ...object, [part]: {} } : object
  const [inObject, inSent] = [object[part], sent[part]]
  if (!isJsonObject(inObject) || (isJsonObject(inSent) && inSent[field] !== undefined)) return object
  const rest: Record<string, unknown> = { ...inObject }
  Reflect.deleteProperty(rest, field)
  return { ...object, [part]: rest }
}

function asJson(object: KubeObject): JsonObject {
  return object as unknown as JsonObject
}
