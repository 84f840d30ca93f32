import everyday from './generated/everyday.json' with { type: 'json' }

/**
 * Kubernetes' types by name, such as `V1Container`. A field's type is `string`, `int32`, `int64`, `double`, `boolean`,
 * `time`, `base64`, `quantity`, `IntOrString`, `any` or the name of a type; `[]` before it makes a list, `{}` a map from
 * text, `!` in front of all marks a field that has to be there.
 */
export type Types = Readonly<Record<string, Readonly<Record<string, string>>>>

/** Name of the type by apiVersion and kind: `v1` → `Pod` → `V1Pod`. */
export type Kinds = Readonly<Record<string, Readonly<Record<string, string>>>>

const { types, kinds } = everyday as unknown as { readonly types: Types; readonly kinds: Kinds }

/** Every kind of Kubernetes that can be created. */
export const KINDS: Kinds = kinds

export type FieldType =
  | { readonly is: 'list' | 'map'; readonly of: FieldType }
  | { readonly is: 'object'; readonly name: string }
  | { readonly is: 'scalar'; readonly name: ScalarName }

const SCALARS = [
  'string',
  'int32',
  'int64',
  'double',
  'boolean',
  'time',
  'base64',
  'quantity',
  'IntOrString',
  'any',
] as const
export type ScalarName = (typeof SCALARS)[number]

export interface Field {
  readonly type: FieldType
  readonly required: boolean
}

const fieldsByType = new Map<string, ReadonlyMap<string, Field>>()

let otherTypes: Types = {}

/** Reads in the types beside those of everyday kinds. Once this settles, fieldsOf knows all of Kubernetes. */
export async function loadAllTypes(): Promise<void> {
  const rest = await import('./generated/rest.json', { with: { type: 'json' } })
  otherTypes = (rest.default as unknown as { readonly types: Types }).types
}

/**
 * The fields of a type that a Pod, ConfigMap, Secret, Namespace, Service, Node or Event can hold; undefined for others
 * until loadAllTypes.
 */
export function fieldsOf(typeName: string): ReadonlyMap<string, Field> | undefined {
  const known = fieldsByType.get(typeName)
  if (known !== undefined) return known
  const compact = types[typeName] ?? otherTypes[typeName]
  if (compact === undefined) return undefined
  const fields = new Map(
    Object.entries(compact).map(([name, text]) => {
      const required = text.startsWith('!')
      return [name, { required, type: parseType(required ? text.slice(1) : text) }]
    }),
  )
  fieldsByType.set(typeName, fields)
  return fields
}

function parseType(text: string): FieldType {
  if (text.startsWith('[]')) return { is: 'list', of: parseType(text.slice(2)) }
  if (text.startsWith('{}')) return { is: 'map', of: parseType(text.slice(2)) }
  const scalar = SCALARS.find((name) => name === text)
  return scalar === undefined ? { is: 'object', name: text } : { is: 'scalar', name: scalar }
}
