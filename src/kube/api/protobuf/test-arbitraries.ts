import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { FieldType, ScalarName } from '../schema.ts'
import { type MessageField, type MessageFields, messageFields } from './message-fields.ts'

export function messagesOf(typeName: string): MessageFields {
  const fields = messageFields(typeName)
  assert.ok(fields !== undefined, `${typeName} has no numbers`)
  return fields
}

/** A few of the fields; below the depth none. */
export function anyMessage(fields: MessageFields, depth: number): fc.Arbitrary<Record<string, unknown>> {
  if (depth === 0 || fields.size === 0) return fc.constant({})
  return fc
    .shuffledSubarray([...fields.values()], { maxLength: Math.min(4, fields.size) })
    .chain((chosen) => fc.tuple(...chosen.map((field) => anyField(field, depth))))
    .map((parts) => Object.assign({}, ...parts) as Record<string, unknown>)
}

function anyField(field: MessageField, depth: number): fc.Arbitrary<Record<string, unknown>> {
  if (field.is === 'inlined') return anyMessage(field.fields, depth)
  return anyValue(field.type, { depth, field }).map((value) => {
    const isNothing = value === '' || value === 0 || value === false || isEmpty(value, field.type)
    return isNothing && !field.keepsZero ? {} : isEmpty(value, field.type) ? {} : { [field.name]: value }
  })
}

/** Nobody can tell an empty list or map from none. */
function isEmpty(value: unknown, type: FieldType): boolean {
  return (type.is === 'list' || type.is === 'map') && Object.keys(value as object).length === 0
}

interface Context {
  readonly depth: number
  readonly field: Extract<MessageField, { is: 'named' }>
}

function anyValue(type: FieldType, context: Context): fc.Arbitrary<unknown> {
  switch (type.is) {
    case 'list':
      return fc.array(anyValue(type.of, context), { maxLength: 2 })
    case 'map':
      return fc.dictionary(fc.string(), anyValue(type.of, context), { maxKeys: 2, noNullPrototype: true })
    case 'object':
      return anyMessage(messagesOf(type.name), context.depth - 1)
    case 'scalar':
      return anyScalar(type.name, context)
  }
}

function anyScalar(name: ScalarName, { field }: Context): fc.Arbitrary<unknown> {
  switch (name) {
    case 'string':
      return fc.string({ unit: 'grapheme' })
    case 'int32':
      return fc.integer()
    case 'int64':
      return fc.maxSafeInteger()
    case 'boolean':
      return fc.boolean()
    case 'base64':
      return fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('base64'))
    case 'quantity':
      return fc.constantFrom('0', '500m', '64Mi', '1')
    case 'IntOrString':
      return fc.oneof(fc.integer({ min: 1 }), fc.string({ minLength: 1 }))
    case 'time':
      return fc
        .record({ second: fc.integer({ min: 1, max: 2_000_000_000 }), micros: fc.nat(999_999) })
        .map(({ second, micros }) => {
          const whole = new Date(second * 1_000).toISOString().slice(0, 19)
          return field.hasMicroseconds ? `${whole}.${String(micros).padStart(6, '0')}Z` : `${whole}Z`
        })
    case 'any':
      return fc.constantFrom({ 'f:metadata': { 'f:labels': {} } }, { a: 1 })
    case 'double':
      throw new TypeError('of the known messages none has a double')
  }
}
