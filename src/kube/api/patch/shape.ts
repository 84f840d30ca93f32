import { fieldsOf, type FieldType, KINDS } from '../schema.ts'
import { isAtomicMap, isAtomicType, listRule } from './merge-keys.ts'

/** How server-side apply sees a value: what of it can have owners of its own. */
export type Shape =
  /** One value with one owner: scalars, and lists, maps and objects that are only ever replaced as a whole. */
  | { readonly is: 'leaf' }
  /** An object of a known type. A field it does not have has no shape. */
  | { readonly is: 'struct'; readonly typeName: string; readonly fields: ReadonlyMap<string, Shape> }
  | { readonly is: 'map'; readonly of: Shape }
  /** A list whose items are told apart by fields of theirs; without keys: a set of values. */
  | { readonly is: 'list'; readonly of: Shape; readonly keys: readonly string[] }
  /** Nothing is known of it: objects are maps, all else is a leaf. */
  | { readonly is: 'free' }

const LEAF: Shape = { is: 'leaf' }
const FREE: Shape = { is: 'free' }

const structs = new Map<string, Shape>()

/** The shape of a type of schema.ts, such as `V1Pod`. */
export function shapeOf(typeName: string): Shape {
  const known = structs.get(typeName)
  if (known !== undefined) return known
  const fields = fieldsOf(typeName)
  // Not for ever: most types are loaded when the first object of their kind is written.
  if (fields === undefined) return FREE
  const shapes = new Map<string, Shape>()
  const shape: Shape = { is: 'struct', typeName, fields: shapes }
  // Before its fields: some types hold themselves.
  structs.set(typeName, shape)
  for (const [name, { type }] of fields) shapes.set(name, fieldShape(type, typeName, name))
  return shape
}

/** The name of a kind's type in schema.ts; a kind that it does not have has a name that no type has. */
export function typeNameOf(apiVersion: string, kind: string): string {
  return KINDS[apiVersion]?.[kind] ?? `${apiVersion}.${kind}`
}

/** What stands at a field of an object or map. */
export function shapeAt(shape: Shape, field: string): Shape | undefined {
  if (shape.is === 'struct') return shape.fields.get(field)
  return shape.is === 'map' ? shape.of : FREE
}

function fieldShape(type: FieldType, owner: string, field: string): Shape {
  switch (type.is) {
    case 'scalar':
      return type.name === 'any' ? FREE : LEAF
    case 'object':
      return isAtomicType(type.name) ? LEAF : shapeOf(type.name)
    case 'map':
      return isAtomicMap(owner, field) ? LEAF : { is: 'map', of: fieldShape(type.of, owner, field) }
    case 'list': {
      const keys = listRule(owner, field).apply
      return keys === undefined ? LEAF : { is: 'list', keys, of: fieldShape(type.of, owner, field) }
    }
  }
}
