import type { Docs } from '../../../../kube/api/docs.ts'
import { isAtomicMap, isAtomicType, listRule } from '../../../../kube/api/patch/merge-keys.ts'
import { fieldsOf, type FieldType, type ScalarName } from '../../../../kube/api/schema.ts'

export interface SchemaStyle {
  readonly docs: Docs
  /** A reference to a component, as this version of OpenAPI writes it. */
  readonly refer: (componentName: string) => object
  readonly nameOf: (typeName: string) => string
}

const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity'
const INT_OR_STRING = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString'
const TIME = 'io.k8s.apimachinery.pkg.apis.meta.v1.Time'

/** Components that are texts and numbers with rules of their own. */
export const SCALAR_COMPONENTS: Readonly<Record<string, object>> = {
  [QUANTITY]: {
    description:
      'Quantity is a fixed-point representation of a number, such as 0.5, 500m, 64Mi or 1e3. Serialized as a string.',
    type: 'string',
  },
  [INT_OR_STRING]: {
    description: 'IntOrString is a type that can hold an int32 or a string.',
    type: 'string',
    format: 'int-or-string',
  },
  [TIME]: { description: 'Time is an instant in the form of RFC 3339.', type: 'string', format: 'date-time' },
}

/** The schema of a type: its fields with what Kubernetes says of them and how they are merged. */
export function componentSchema(typeName: string, style: SchemaStyle): Record<string, unknown> {
  const docs = style.docs[typeName] ?? {}
  const fields = [...(fieldsOf(typeName) ?? [])]
  const required = fields.filter(([, field]) => field.required).map(([name]) => name)
  return {
    ...described(docs['']),
    type: 'object',
    ...(fields.length === 0
      ? {}
      : {
          properties: Object.fromEntries(
            fields.map(([name, { type }]) => [
              name,
              { ...described(docs[name]), ...typeSchema(type, style), ...mergeMarks(typeName, name, type) },
            ]),
          ),
        }),
    ...(required.length === 0 ? {} : { required }),
    ...(isAtomicType(typeName) ? { 'x-kubernetes-map-type': 'atomic' } : {}),
  }
}

function described(text: string | undefined): object {
  return text === undefined || text === '' ? {} : { description: text }
}

function typeSchema(type: FieldType, style: SchemaStyle): object {
  switch (type.is) {
    case 'list':
      return { type: 'array', items: typeSchema(type.of, style) }
    case 'map':
      return { type: 'object', additionalProperties: typeSchema(type.of, style) }
    case 'object':
      return fieldsOf(type.name) === undefined ? { type: 'object' } : style.refer(style.nameOf(type.name))
    case 'scalar':
      return scalarSchema(type.name, style)
  }
}

function scalarSchema(name: ScalarName, { refer }: SchemaStyle): object {
  switch (name) {
    case 'string':
    case 'boolean':
      return { type: name }
    case 'int32':
    case 'int64':
      return { type: 'integer', format: name }
    case 'double':
      return { type: 'number', format: name }
    case 'base64':
      return { type: 'string', format: 'byte' }
    case 'any':
      return { type: 'object' }
    case 'time':
      return refer(TIME)
    case 'quantity':
      return refer(QUANTITY)
    case 'IntOrString':
      return refer(INT_OR_STRING)
  }
}

function mergeMarks(typeName: string, field: string, type: FieldType): object {
  if (type.is === 'map') return isAtomicMap(typeName, field) ? { 'x-kubernetes-map-type': 'atomic' } : {}
  if (type.is !== 'list') return {}
  const { apply, strategic } = listRule(typeName, field)
  return {
    'x-kubernetes-list-type': apply === undefined ? 'atomic' : apply.length === 0 ? 'set' : 'map',
    ...(apply === undefined || apply.length === 0 ? {} : { 'x-kubernetes-list-map-keys': apply }),
    ...(strategic === undefined ? {} : { 'x-kubernetes-patch-strategy': 'merge' }),
    ...(strategic === undefined || strategic === '' ? {} : { 'x-kubernetes-patch-merge-key': strategic }),
  }
}
