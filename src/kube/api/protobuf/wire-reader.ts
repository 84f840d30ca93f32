import { Failure } from '../../../failure.ts'

/** How a field is written. @see https://protobuf.dev/programming-guides/encoding/#structure */
export const WIRE = { varint: 0, eightBytes: 1, lengthDelimited: 2, fourBytes: 5 } as const

export interface Tag {
  readonly number: number
  readonly wireType: number
}

/** What a number has beyond this many bytes may be more than a double holds exactly. */
const EXACT_VARINT_BYTES = 7
const LONGEST_VARINT_BYTES = 10

const text = new TextDecoder()

/** Reads the bytes of one message from front to back. Whatever the bytes are, it fails with BadRequest or ends. */
export class WireReader {
  readonly #bytes: Uint8Array
  #position = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#bytes.length
  }

  /** Which field comes next. */
  tag(): Tag {
    const tag = this.integer()
    const number = Math.floor(tag / 8)
    const wireType = tag & 7
    if (number < 1 || number > 0x1fff_ffff) {
      throw new Failure('BadRequest', `proto: illegal tag ${number} (wire type ${wireType})`)
    }
    return { number, wireType }
  }

  /** A number of 64 bits with a sign; as inexact as any double if it is beyond 2^53. */
  integer(): number {
    const start = this.#position
    let value = 0
    for (let length = 0; length < LONGEST_VARINT_BYTES; length++) {
      const byte = this.#bytes[this.#position++]
      if (byte === undefined) throw cutShort()
      if (length < EXACT_VARINT_BYTES) value += (byte & 0x7f) * 2 ** (7 * length)
      if (byte < 0x80) return length < EXACT_VARINT_BYTES ? value : wideInteger(this.#bytes, start)
    }
    throw new Failure('BadRequest', 'proto: integer overflow')
  }

  /** What stands behind its own length: a text, bytes, a message. */
  bytes(): Uint8Array {
    const length = this.integer()
    if (length < 0) throw new Failure('BadRequest', 'proto: negative length found during unmarshaling')
    return this.#take(length)
  }

  text(): string {
    return text.decode(this.bytes())
  }

  /** Passes over the value of a field that means nothing here. */
  skip({ number, wireType }: Tag): void {
    if (wireType === WIRE.varint) this.integer()
    else if (wireType === WIRE.lengthDelimited) this.bytes()
    else if (wireType === WIRE.eightBytes) this.#take(8)
    else if (wireType === WIRE.fourBytes) this.#take(4)
    else throw new Failure('BadRequest', `proto: illegal wireType ${wireType} of field ${number}`)
  }

  #take(length: number): Uint8Array {
    const end = this.#position + length
    if (end > this.#bytes.length) throw cutShort()
    const taken = this.#bytes.subarray(this.#position, end)
    this.#position = end
    return taken
  }
}

/** @throws Failure BadRequest when a field is not written as its type is */
export function checkWireType({ number, wireType }: Tag, wanted: number): void {
  if (wireType !== wanted) throw new Failure('BadRequest', `proto: wrong wireType = ${wireType} for field ${number}`)
}

function wideInteger(bytes: Uint8Array, start: number): number {
  let value = 0n
  for (let length = 0; length < LONGEST_VARINT_BYTES; length++) {
    const byte = bytes[start + length] ?? 0
    value |= BigInt(byte & 0x7f) << BigInt(7 * length)
    if (byte < 0x80) break
  }
  return Number(BigInt.asIntN(64, value))
}

function cutShort(): Failure {
  return new Failure('BadRequest', 'unexpected EOF')
}
