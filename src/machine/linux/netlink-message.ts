/** Netlink numbers are in the byte order of the machine: little-endian on x86-64 and arm64. @see netlink(7) */
const HEADER_BYTES = 16
const ATTRIBUTE_HEADER_BYTES = 4
const NLA_F_NESTED = 0x8000
const NLA_TYPE_MASK = 0x3fff

export const NLM_F_REQUEST = 0x1
export const NLM_F_ACK = 0x4
export const NLM_F_EXCL = 0x200
export const NLM_F_CREATE = 0x400
export const NLM_F_DUMP = 0x300

export interface NetlinkMessage {
  /** Such as RTM_NEWLINK. */
  readonly type: number
  /** NLM_F_… beside REQUEST and ACK, which every request has. */
  readonly flags: number
  /** The fixed header of its type, such as struct ifinfomsg, and what follows it. */
  readonly body: Uint8Array
}

export type Attribute = readonly [type: number, value: Uint8Array | readonly Attribute[]]

export function encodeMessage(message: NetlinkMessage, sequence: number): Buffer {
  const length = HEADER_BYTES + message.body.length
  const bytes = Buffer.alloc(aligned(length))
  bytes.writeUInt32LE(length, 0)
  bytes.writeUInt16LE(message.type, 4)
  bytes.writeUInt16LE(message.flags, 6)
  bytes.writeUInt32LE(sequence, 8)
  bytes.set(message.body, HEADER_BYTES)
  return bytes
}

export interface ReceivedMessage extends NetlinkMessage {
  readonly sequence: number
}

/** One datagram may hold several messages. */
export function decodeMessages(bytes: Buffer): ReceivedMessage[] {
  const messages: ReceivedMessage[] = []
  for (let offset = 0; offset + HEADER_BYTES <= bytes.length;) {
    const length = Math.max(HEADER_BYTES, bytes.readUInt32LE(offset))
    messages.push({
      type: bytes.readUInt16LE(offset + 4),
      flags: bytes.readUInt16LE(offset + 6),
      sequence: bytes.readUInt32LE(offset + 8),
      body: bytes.subarray(offset + HEADER_BYTES, offset + length),
    })
    offset += aligned(length)
  }
  return messages
}

/** A fixed header followed by attributes. */
export function withAttributes(header: Uint8Array, attributes: readonly Attribute[]): Buffer {
  return Buffer.concat([header, ...attributes.map(encodeAttribute)])
}

export function decodeAttributes(bytes: Uint8Array): Map<number, Buffer> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const attributes = new Map<number, Buffer>()
  for (let offset = 0; offset + ATTRIBUTE_HEADER_BYTES <= buffer.length;) {
    const length = Math.max(ATTRIBUTE_HEADER_BYTES, buffer.readUInt16LE(offset))
    const type = buffer.readUInt16LE(offset + 2) & NLA_TYPE_MASK
    attributes.set(type, buffer.subarray(offset + ATTRIBUTE_HEADER_BYTES, offset + length))
    offset += aligned(length)
  }
  return attributes
}

/** A string as the kernel wants it: with its end mark. */
export function text(value: string): Buffer {
  return Buffer.from(`${value}\0`)
}

export function textOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '' : Buffer.from(bytes).toString('utf8').replace(/\0+$/, '')
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function encodeAttribute([type, value]: Attribute): Buffer {
  const nested = Array.isArray(value)
  const payload = nested ? Buffer.concat((value as readonly Attribute[]).map(encodeAttribute)) : (value as Uint8Array)
  const length = ATTRIBUTE_HEADER_BYTES + payload.length
  const bytes = Buffer.alloc(aligned(length))
  bytes.writeUInt16LE(length, 0)
  bytes.writeUInt16LE(nested ? type | NLA_F_NESTED : type, 2)
  bytes.set(payload, ATTRIBUTE_HEADER_BYTES)
  return bytes
}

function aligned(length: number): number {
  return (length + 3) & ~3
}
