import type { FieldType, ScalarName } from '../schema.ts'
import { type MessageField, type MessageFields, messageFields } from './message-fields.ts'

type JsonObject = Readonly<Record<string, unknown>>
type NamedField = Extract<MessageField, { is: 'named' }>

/** An object as a client written in Go sends it, but only with the fields that it has. */
export function encodeObject(object: JsonObject, typeName: string): Buffer {
  const { apiVersion, kind } = object as { readonly apiVersion: string; readonly kind: string }
  const typeMeta = Buffer.concat([text(1, apiVersion), text(2, kind)])
  const raw = encodeMessage(object, messageFields(typeName) ?? new Map())
  return Buffer.concat([Buffer.from('k8s\0'), chunk(1, typeMeta), chunk(2, raw), text(3, ''), text(4, '')])
}

function encodeMessage(object: JsonObject, fields: MessageFields): Buffer {
  return Buffer.concat(
    [...fields].map(([number, field]) => {
      if (field.is === 'inlined') return chunk(number, encodeMessage(object, field.fields))
      const value = object[field.name]
      return value === undefined ? Buffer.alloc(0) : encodeField(number, value, field)
    }),
  )
}

function encodeField(number: number, value: unknown, field: NamedField): Buffer {
  const { type } = field
  if (type.is === 'list') {
    return Buffer.concat((value as unknown[]).map((item) => encodeField(number, item, { ...field, type: type.of })))
  }
  if (type.is !== 'map') return encodeValue(number, value, { ...field, type })
  const inEntry = (item: unknown): Buffer =>
    type.of.is === 'list'
      ? chunk(2, encodeField(1, item, { ...field, type: type.of }))
      : encodeField(2, item, { ...field, type: type.of })
  return Buffer.concat(
    Object.entries(value as JsonObject).map(([key, item]) =>
      chunk(number, Buffer.concat([text(1, key), inEntry(item)])),
    ),
  )
}

function encodeValue(
  number: number,
  value: unknown,
  { type, hasMicroseconds }: NamedField & { readonly type: FieldType },
): Buffer {
  if (type.is === 'object')
    return chunk(number, encodeMessage(value as JsonObject, messageFields(type.name) ?? new Map()))
  if (type.is !== 'scalar') throw new TypeError(`a ${type.is} is no value`)
  return encodeScalar(number, value, { name: type.name, hasMicroseconds })
}

function encodeScalar(
  number: number,
  value: unknown,
  { name, hasMicroseconds }: { readonly name: ScalarName; readonly hasMicroseconds: boolean },
): Buffer {
  switch (name) {
    case 'string':
      return text(number, value as string)
    case 'int32':
    case 'int64':
    case 'boolean':
      return integer(number, Number(value))
    case 'base64':
      return chunk(number, Buffer.from(value as string, 'base64'))
    case 'quantity':
      return chunk(number, text(1, value as string))
    case 'IntOrString':
      return chunk(
        number,
        typeof value === 'string'
          ? Buffer.concat([integer(1, 1), integer(2, 0), text(3, value)])
          : Buffer.concat([integer(1, 0), integer(2, value as number), text(3, '')]),
      )
    case 'time': {
      const [whole = '', micros = ''] = (value as string).slice(0, -1).split('.')
      const nanos = hasMicroseconds ? Number(micros) * 1_000 : 0
      return chunk(number, Buffer.concat([integer(1, Date.parse(`${whole}Z`) / 1_000), integer(2, nanos)]))
    }
    case 'any':
      return chunk(number, text(1, JSON.stringify(value)))
    case 'double':
      throw new TypeError('of the known messages none has a double')
  }
}

function text(number: number, value: string): Buffer {
  return chunk(number, Buffer.from(value))
}

function chunk(number: number, content: Uint8Array): Buffer {
  return Buffer.concat([varint(BigInt(number * 8 + 2)), varint(BigInt(content.length)), content])
}

function integer(number: number, value: number): Buffer {
  return Buffer.concat([varint(BigInt(number * 8)), varint(BigInt.asUintN(64, BigInt(value)))])
}

export function varint(value: bigint): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  bytes.push(Number(rest))
  return Buffer.from(bytes)
}
