import { Failure } from '../../../failure.ts'
import { fieldsOf, type FieldType } from '../schema.ts'
import { goText, goTypeName } from './go-text.ts'
import { fieldValue, isJsonObject, type JsonObject, setField } from './json-value.ts'
import { listRule } from './merge-keys.ts'
import { findItem, mergeOrders } from './strategic-order.ts'

// Directives in a patch; none of them is ever a field of an object.
const DIRECTIVE = '$patch'
const RETAIN_KEYS = '$retainKeys'
const SET_ORDER = '$setElementOrder'
const DELETE_VALUES = '$deleteFromPrimitiveList'

/**
 * The object with a strategic merge patch applied: as a merge patch, but lists whose items have a key are merged item by
 * item, and directives say what else to do. Neither argument is changed.
 *
 * @param typeName the object's type in schema.ts, such as `V1Pod`: it says which lists have which key.
 * @throws Failure BadRequest, Invalid or InternalError in Kubernetes' words
 * @see https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
 */
export function strategicMergePatch(object: JsonObject, patch: JsonObject, typeName: string): JsonObject {
  return mergeObject(object, patch, { is: 'object', name: typeName })
}

function mergeObject(original: JsonObject, patch: JsonObject, type: FieldType | undefined): JsonObject {
  if (Object.hasOwn(patch, DIRECTIVE)) return followDirective(patch, type)
  const result: Record<string, unknown> = retainKeys({ ...original }, patch)
  const { orders, deletions, fields } = sortOut(patch)
  for (const field of new Set([...Object.keys(fields), ...orders.keys()])) {
    const part: Part = { place: placeOf(type, field), order: orders.get(field) }
    const merged = mergeField(fieldValue(result, field), fieldValue(fields, field), part)
    if (merged === undefined) Reflect.deleteProperty(result, field)
    else setField(result, field, merged)
  }
  for (const [field, values] of deletions) {
    const current = fieldValue(result, field)
    if (Array.isArray(current)) setField(result, field, withoutValues(current, values))
  }
  return result
}

/** What the object is when the patch says it at once. */
function followDirective(patch: JsonObject, type: FieldType | undefined): JsonObject {
  const { [DIRECTIVE]: directive, ...fields } = patch
  if (directive === 'replace') return mergeObject({}, fields, type)
  if (directive === 'delete') return {}
  throw unknownDirective(directive, patch)
}

interface SortedPatch {
  readonly orders: ReadonlyMap<string, readonly unknown[]>
  readonly deletions: ReadonlyMap<string, readonly unknown[]>
  readonly fields: JsonObject
}

/** Takes the directives about lists out from among the fields. */
function sortOut(patch: JsonObject): SortedPatch {
  const orders = new Map<string, readonly unknown[]>()
  const deletions = new Map<string, readonly unknown[]>()
  const fields: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(patch)) {
    if (name === RETAIN_KEYS) continue
    if (name.startsWith(SET_ORDER)) orders.set(...listDirective(name, value, SET_ORDER))
    else if (name.startsWith(DELETE_VALUES)) deletions.set(...listDirective(name, value, DELETE_VALUES))
    else setField(fields, name, value)
  }
  return { orders, deletions, fields }
}

/** `$setElementOrder/finalizers: […]` → the field and the list. */
function listDirective(name: string, value: unknown, prefix: string): [field: string, list: readonly unknown[]] {
  const field = name.slice(prefix.length + 1)
  const kind = prefix === SET_ORDER ? 'setElementOrder list' : 'primitive list'
  if (name[prefix.length] !== '/' || field === '') throw new Failure('BadRequest', `invalid patch format of ${kind}`)
  if (Array.isArray(value)) return [field, value]
  throw new Failure('InternalError', `expected a []interface {}, but received a ${goTypeName(value)}`)
}

/** Without the fields of the object that `$retainKeys` does not name; the patch itself must keep to the list. */
function retainKeys(original: Record<string, unknown>, patch: JsonObject): Record<string, unknown> {
  const retained = patch[RETAIN_KEYS]
  if (retained === undefined) return original
  const isOutside = (name: string): boolean =>
    !name.startsWith('$') && patch[name] !== null && !(retained as unknown[]).includes(name)
  if (!Array.isArray(retained) || Object.keys(patch).some(isOutside)) {
    throw new Failure('BadRequest', 'invalid patch format of retainKeys')
  }
  return Object.fromEntries(Object.entries(original).filter(([name]) => retained.includes(name)))
}

/** What stands at a field: its type, and for a list that is merged, the key of its items ('' for plain values). */
interface FieldPlace {
  readonly type: FieldType | undefined
  readonly mergeKey: string | undefined
}

function placeOf(type: FieldType | undefined, field: string): FieldPlace {
  if (type?.is === 'map') return { type: type.of, mergeKey: undefined }
  if (type?.is !== 'object') return { type: undefined, mergeKey: undefined }
  return { type: fieldsOf(type.name)?.get(field)?.type, mergeKey: listRule(type.name, field).strategic }
}

interface Part {
  readonly place: FieldPlace
  /** The value of `$setElementOrder`. */
  readonly order: readonly unknown[] | undefined
}

/** @param value of the patch; undefined: the patch says at most an order. @returns undefined: the field goes. */
function mergeField(original: unknown, value: unknown, part: Part): unknown {
  const { type, mergeKey } = part.place
  if (value === null) return undefined
  if (mergeKey !== undefined && (Array.isArray(value) || (value === undefined && Array.isArray(original)))) {
    return mergeList(Array.isArray(original) ? original : undefined, value as readonly unknown[] | undefined, part)
  }
  if (value === undefined) return original
  if (isJsonObject(value)) return mergeObject(isJsonObject(original) ? original : {}, value, type)
  return Array.isArray(value) ? withoutDirectives(value) : value
}

/** A list that takes the place of another one. */
function withoutDirectives(list: readonly unknown[]): unknown[] {
  return list.flatMap((item) => {
    if (!isJsonObject(item)) return [item]
    if (Object.hasOwn(item, DIRECTIVE) && item[DIRECTIVE] !== 'replace') return []
    // The marker alone says that the list is to be replaced: it is no item.
    const { [DIRECTIVE]: directive, ...fields } = item
    return directive !== undefined && Object.keys(fields).length === 0 ? [] : [mergeObject({}, fields, undefined)]
  })
}

function mergeList(
  current: readonly unknown[] | undefined,
  patch: readonly unknown[] | undefined,
  { order, place }: Part,
): unknown[] {
  const key = place.mergeKey ?? ''
  const original = current ?? []
  const items = patch ?? []
  checkItems([...original, ...items])
  if (order !== undefined && patch !== undefined) checkOrder(items, order, key)
  if (key === '') {
    const values = new Set([...original, ...items])
    return mergeOrders([...values], { original, wanted: order ?? items, key })
  }
  const { kept, changes } = followItemDirectives(original, items, key)
  const itemType = place.type?.is === 'list' ? place.type.of : undefined
  if (changes === undefined) return kept.map((item) => mergeObject({}, item, itemType))
  const merged = [...kept]
  for (const change of changes) {
    // A list that was not there is taken as it is; what its items lack is found when the object is checked.
    if (current !== undefined && !Object.hasOwn(change, key)) throw noMergeKey(change, key)
    const at = current === undefined ? -1 : findItem(merged, change, key)
    if (at === -1) merged.push(mergeObject({}, change, itemType))
    else merged[at] = mergeObject(merged[at] ?? {}, change, itemType)
  }
  return mergeOrders(merged, { original, wanted: order ?? changes, key })
}

/** Items that say `$patch`: delete takes one out, replace puts the patch's list in the place of the whole. */
function followItemDirectives(
  original: readonly unknown[],
  patch: readonly unknown[],
  key: string,
): { readonly kept: readonly JsonObject[]; readonly changes: readonly JsonObject[] | undefined } {
  let kept = original as readonly JsonObject[]
  let isReplaced = false
  const changes: JsonObject[] = []
  for (const item of patch as readonly JsonObject[]) {
    const directive = item[DIRECTIVE]
    if (directive === undefined) changes.push(item)
    else if (directive === 'replace') isReplaced = true
    else if (directive === 'delete') {
      if (!Object.hasOwn(item, key)) throw noMergeKey(item, key)
      kept = kept.filter((each) => each[key] !== item[key])
    } else if (directive === 'merge') {
      throw new Failure('InternalError', 'merging lists cannot yet be specified in the patch')
    } else throw unknownDirective(directive, item)
  }
  return isReplaced ? { kept: changes, changes: undefined } : { kept, changes }
}

/** The items of a list that is merged are of one kind, and no lists. */
function checkItems(items: readonly unknown[]): void {
  if (items.some((item) => Array.isArray(item))) {
    throw new Failure('Invalid', 'the server rejected our request due to an error in our request', { details: {} })
  }
  const objects = items.filter(isJsonObject).length
  if (objects > 0 && objects < items.length) {
    throw new Failure('InternalError', `list element types are not identical: ${goText(items)}`)
  }
}

/** What a patch changes must stand in its `$setElementOrder` too, in the same order. */
function checkOrder(patch: readonly unknown[], order: readonly unknown[], key: string): void {
  const changed = patch.filter((item) => !(isJsonObject(item) && Object.hasOwn(item, DIRECTIVE)))
  let from = 0
  for (const item of changed) {
    const at = findItem(order.slice(from), item, key)
    if (at === -1) {
      const sentence = `The order in patch list:\n${goText(patch)}\n doesn't match ${SET_ORDER} list:\n${goText(order)}\n`
      throw new Failure('InternalError', sentence)
    }
    from += at + 1
  }
}

function withoutValues(list: readonly unknown[], values: readonly unknown[]): unknown[] {
  return list.filter((value) => !values.includes(value))
}

function unknownDirective(directive: unknown, patch: JsonObject): Failure {
  return new Failure('InternalError', `unknown patch type: ${goText(directive)} in map: ${goText(patch)}`)
}

function noMergeKey(item: JsonObject, key: string): Failure {
  return new Failure('InternalError', `map: ${goText(item)} does not contain declared merge key: ${key}`)
}
