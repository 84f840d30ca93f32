import { elementOf, type FieldSet, fieldElement, isEmptySet, NOTHING_BELOW } from './field-set.ts'
import { isJsonObject } from './json-value.ts'
import { itemsByElement } from './list-items.ts'
import { type Shape, shapeAt } from './shape.ts'

/**
 * The fields that somebody owns who applies this object: its leaves, the entries of its maps, the items of its lists.
 * An object of a known type is no field of its own unless it is empty. Source: typed.TypedValue.ToFieldSet of
 * structured-merge-diff.
 */
export function appliedFields(value: unknown, shape: Shape): FieldSet {
  if (shape.is === 'list') {
    const below: Record<string, FieldSet> = {}
    for (const [element, item] of itemsByElement(Array.isArray(value) ? value : [], shape.keys)) {
      below[element] = elementOf(true, appliedFields(item, shape.of)) ?? NOTHING_BELOW
    }
    return below
  }
  if (shape.is === 'leaf' || !isJsonObject(value)) return NOTHING_BELOW
  const below: Record<string, FieldSet> = {}
  for (const [name, part] of Object.entries(value)) {
    const partShape = shapeAt(shape, name) ?? { is: 'free' }
    const isIn = shape.is !== 'struct' || isLeaf(part, partShape)
    const parts = elementOf(isIn, appliedFields(part, partShape))
    if (parts !== undefined) below[fieldElement(name)] = parts
  }
  return below
}

/** Kubernetes drops an empty map of text when it decodes it; an empty object, such as `emptyDir: {}`, means something. */
function isLeaf(value: unknown, shape: Shape): boolean {
  if (value === null || shape.is === 'leaf') return true
  if (shape.is === 'struct' || shape.is === 'free') return !isJsonObject(value) || isEmptySet(value as FieldSet)
  return false
}

/** With every object of a known type that has a field in the set: such objects are no fields of their own else. */
export function withParents(set: FieldSet, shape: Shape): FieldSet {
  const result: Record<string, FieldSet> = {}
  for (const [element, parts] of Object.entries(set)) {
    if (element === '.') {
      result[element] = parts
      continue
    }
    const { '.': self, ...below } = withParents(parts, shapeOfElement(shape, element))
    const isField = shape.is === 'struct' && shape.fields.has(element.slice(2))
    result[element] = elementOf(isField || self !== undefined || isEmptySet(parts), below) ?? NOTHING_BELOW
  }
  return result
}

function shapeOfElement(shape: Shape, element: string): Shape {
  if (shape.is === 'list') return shape.of
  return shapeAt(shape, element.slice(2)) ?? { is: 'free' }
}
