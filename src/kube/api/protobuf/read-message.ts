import { zeroOf } from '../read-scalar.ts'
import type { FieldType } from '../schema.ts'
import { type MessageField, type MessageFields, messageFields } from './message-fields.ts'
import { readScalarMessage } from './read-scalar-message.ts'
import { checkWireType, type Tag, WIRE, WireReader } from './wire-reader.ts'

type JsonObject = Record<string, unknown>
type NamedField = Extract<MessageField, { is: 'named' }>

/**
 * Adds the fields of a message to an object, as Go's JSON would have them; what is unknown is passed over. Messages nest
 * only as deep as the types do, of which none here holds itself.
 *
 * @throws Failure BadRequest in the words of Kubernetes
 */
export function readMessage(bytes: Uint8Array, fields: MessageFields, object: JsonObject = {}): JsonObject {
  const reader = new WireReader(bytes)
  while (!reader.isAtEnd) {
    const tag = reader.tag()
    const field = fields.get(tag.number)
    if (field === undefined) reader.skip(tag)
    else if (field.is === 'inlined') {
      checkWireType(tag, WIRE.lengthDelimited)
      readMessage(reader.bytes(), field.fields, object)
    } else readField(reader, tag, { field, object })
  }
  return object
}

interface Target {
  readonly field: NamedField
  readonly object: JsonObject
}

function readField(reader: WireReader, tag: Tag, { field, object }: Target): void {
  const { name, type } = field
  if (type.is === 'list') {
    const list = (object[name] ??= []) as unknown[]
    readItems(reader, tag, { field: { ...field, type: type.of }, list })
  } else if (type.is === 'map') {
    checkWireType(tag, WIRE.lengthDelimited)
    const map = (object[name] ??= {}) as JsonObject
    readEntry(reader.bytes(), { ...field, type: type.of }, map)
  } else {
    const value = readValue(reader, tag, { field, present: object[name] })
    if (value === undefined || (isZero(value) && !field.keepsZero)) Reflect.deleteProperty(object, name)
    else object[name] = value
  }
}

/** One item; of numbers there may be many at once, packed. */
function readItems(
  reader: WireReader,
  tag: Tag,
  { field, list }: { readonly field: NamedField; readonly list: unknown[] },
): void {
  if (wireTypeOf(field.type) !== WIRE.varint || tag.wireType !== WIRE.lengthDelimited) {
    list.push(readValue(reader, tag, { field }) ?? zeroValue(field.type))
    return
  }
  const packed = new WireReader(reader.bytes())
  while (!packed.isAtEnd) list.push(readValue(packed, { ...tag, wireType: WIRE.varint }, { field }))
}

/** A map is a list of messages with a key and a value. */
function readEntry(bytes: Uint8Array, field: NamedField, map: JsonObject): void {
  const reader = new WireReader(bytes)
  let key = ''
  let value: unknown
  while (!reader.isAtEnd) {
    const tag = reader.tag()
    if (tag.number === 1) {
      checkWireType(tag, WIRE.lengthDelimited)
      key = reader.text()
    } else if (tag.number === 2) value = readValue(reader, tag, { field })
    else reader.skip(tag)
  }
  // Not by assignment: of a key __proto__ it would make no field.
  Object.defineProperty(map, key, {
    value: value ?? zeroValue(field.type),
    enumerable: true,
    configurable: true,
    writable: true,
  })
}

/** @returns undefined where JSON has null. */
function readValue(
  reader: WireReader,
  tag: Tag,
  { field, present }: { readonly field: NamedField; readonly present?: unknown },
): unknown {
  const { type } = field
  checkWireType(tag, wireTypeOf(type))
  if (type.is === 'object') {
    const fields = messageFields(type.name)
    if (fields === undefined) throw new TypeError(`the fields of ${type.name} have no numbers`)
    return readMessage(reader.bytes(), fields, (present ?? {}) as JsonObject)
  }
  if (type.is !== 'scalar') return readListInMap(reader.bytes(), { ...field, type })
  switch (type.name) {
    case 'string':
      return reader.text()
    case 'int32':
      return reader.integer() | 0
    case 'int64':
      return reader.integer()
    case 'boolean':
      return reader.integer() !== 0
    case 'base64':
      return Buffer.from(reader.bytes()).toString('base64')
    case 'double':
      throw new TypeError('of the known messages none has a double')
    case 'time':
    case 'quantity':
    case 'IntOrString':
    case 'any':
      return readScalarMessage(reader.bytes(), type.name, field.hasMicroseconds)
  }
}

/** A list as the value in a map, such as `extra` of a user, is a message with the items in its first field. */
function readListInMap(bytes: Uint8Array, field: NamedField): unknown {
  const items = new Map([[1, { ...field, name: 'items' }]])
  return readMessage(bytes, items)['items'] ?? []
}

function wireTypeOf(type: FieldType): number {
  const isNumber = type.is === 'scalar' && ['int32', 'int64', 'boolean'].includes(type.name)
  return isNumber ? WIRE.varint : WIRE.lengthDelimited
}

function zeroValue(type: FieldType): unknown {
  if (type.is === 'scalar') return zeroOf(type.name)
  return type.is === 'list' ? [] : {}
}

/** A struct of Go's is never empty in the sense of its JSON. */
function isZero(value: unknown): boolean {
  return value === '' || value === 0 || value === false
}
