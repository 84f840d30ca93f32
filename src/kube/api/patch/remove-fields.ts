import { type FieldSet, fieldElement, isEmptySet } from './field-set.ts'
import { isJsonObject, type JsonObject, setField } from './json-value.ts'
import { itemElement } from './list-items.ts'
import { type Shape, shapeAt } from './shape.ts'

/** The value without the fields of a set. Where nothing is left of an object or list, null says that it was there. */
export function removeFields(value: unknown, set: FieldSet, shape: Shape): unknown {
  if (shape.is === 'list' && Array.isArray(value)) {
    const rest = value.flatMap((item: unknown) => removePart(item, set[itemElement(item, shape.keys)], shape.of))
    return rest.length === 0 ? null : rest
  }
  if (shape.is === 'leaf' || !isJsonObject(value)) return value
  const rest: Record<string, unknown> = {}
  for (const [name, part] of Object.entries(value)) {
    const left = removePart(part, set[fieldElement(name)], shapeAt(shape, name) ?? { is: 'free' })
    if (left.length > 0) setField(rest, name, left[0])
  }
  return Object.keys(rest).length === 0 ? null : rest
}

/** @returns nothing, or what is left */
function removePart(value: unknown, parts: FieldSet | undefined, shape: Shape): unknown[] {
  if (parts === undefined) return [value]
  if ('.' in parts || isEmptySet(parts)) return []
  return [removeFields(value, parts, shape)]
}

/** Without the fields that removing has left as null. */
export function withoutNulls(object: JsonObject): JsonObject {
  const entries = Object.entries(object).filter(([, value]) => value !== null)
  return Object.fromEntries(entries.map(([name, value]) => [name, withoutNullsInside(value)]))
}

function withoutNullsInside(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNullsInside)
  return isJsonObject(value) ? withoutNulls(value) : value
}
