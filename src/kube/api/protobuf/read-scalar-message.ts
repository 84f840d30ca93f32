import { Failure, messageOf } from '../../../failure.ts'
import { checkWireType, WIRE, WireReader } from './wire-reader.ts'

/** One value in JSON, a message on the wire. */
export type ScalarMessage = 'time' | 'quantity' | 'IntOrString' | 'any'

/** The type of an IntOrString that is a text. */
const IS_TEXT = 1
const MS_PER_SECOND = 1_000
const NANOS_PER_MICRO = 1_000
/** What has a year of four digits, in seconds since 1970. */
const FIRST_SECOND = -62_135_596_800
const LAST_SECOND = 253_402_300_799

/**
 * @param hasMicroseconds of a time; the others have whole seconds.
 * @returns undefined where JSON has null.
 */
export function readScalarMessage(bytes: Uint8Array, type: ScalarMessage, hasMicroseconds: boolean): unknown {
  switch (type) {
    case 'time':
      // Go's zero time is a message without fields.
      return bytes.length === 0 ? undefined : readTime(bytes, hasMicroseconds)
    case 'quantity': {
      const { texts } = readFields(bytes)
      return texts.get(1) ?? '0'
    }
    case 'IntOrString': {
      const { integers, texts } = readFields(bytes)
      return integers.get(1) === IS_TEXT ? (texts.get(3) ?? '') : (integers.get(2) ?? 0) | 0
    }
    case 'any':
      return readRawJson(readFields(bytes).texts.get(1) ?? '')
  }
}

function readFields(bytes: Uint8Array): { integers: Map<number, number>; texts: Map<number, string> } {
  const reader = new WireReader(bytes)
  const integers = new Map<number, number>()
  const texts = new Map<number, string>()
  while (!reader.isAtEnd) {
    const tag = reader.tag()
    if (tag.wireType === WIRE.varint) integers.set(tag.number, reader.integer())
    else {
      checkWireType(tag, WIRE.lengthDelimited)
      texts.set(tag.number, reader.text())
    }
  }
  return { integers, texts }
}

function readTime(bytes: Uint8Array, hasMicroseconds: boolean): string {
  const { integers } = readFields(bytes)
  const seconds = integers.get(1) ?? 0
  if (seconds < FIRST_SECOND || seconds > LAST_SECOND) {
    throw new Failure('BadRequest', 'Time.MarshalJSON: year outside of range [0,9999]')
  }
  const whole = new Date(seconds * MS_PER_SECOND).toISOString().slice(0, 'yyyy-mm-ddThh:mm:ss'.length)
  if (!hasMicroseconds) return `${whole}Z`
  const micros = Math.floor((integers.get(2) ?? 0) / NANOS_PER_MICRO)
  if (micros < 0 || micros > 999_999) throw new Failure('BadRequest', 'proto: nanoseconds out of range')
  return `${whole}.${String(micros).padStart(6, '0')}Z`
}

/** RawExtension and FieldsV1 hold JSON as text. */
function readRawJson(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text) ?? undefined
  } catch (thrown) {
    throw new Failure('BadRequest', `json parse error: ${messageOf(thrown)}`, { cause: thrown })
  }
}
