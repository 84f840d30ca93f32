/** grpc.health.v1.HealthCheckResponse.ServingStatus, by number. */
const SERVING_STATUS = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN']

const STRING_FIELD_1 = 0x0a
const VARINT_FIELD_1 = 0x08
const HEAD_BYTES = 5

/** HealthCheckRequest in a frame of gRPC: not compressed, with its length before it. @see https://protobuf.dev/programming-guides/encoding/ */
export function encodeHealthCheckRequest(service: string): Buffer {
  const name = Buffer.from(service)
  const message =
    name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([STRING_FIELD_1]), varint(name.length), name])
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

/**
 * The status in a frame with a HealthCheckResponse, such as `SERVING`; a number that has no name stays one.
 *
 * @returns undefined when it is no such frame.
 */
export function decodeHealthCheckResponse(frame: Buffer): string | undefined {
  if (frame.length < HEAD_BYTES || frame[0] !== 0 || frame.readUInt32BE(1) !== frame.length - HEAD_BYTES) {
    return undefined
  }
  let status = 0
  for (let at = HEAD_BYTES; at < frame.length;) {
    const tag = readVarint(frame, at)
    if (tag === undefined) return undefined
    const value = readField(frame, tag)
    if (value === undefined) return undefined
    if (tag.value === VARINT_FIELD_1) status = value.value
    at = value.end
  }
  return SERVING_STATUS[status] ?? String(status)
}

interface Read {
  readonly value: number
  readonly end: number
}

/** One field after its tag; of those that we do not know only the end matters. */
function readField(frame: Buffer, tag: Read): Read | undefined {
  switch (tag.value & 0x07) {
    case 0:
      return readVarint(frame, tag.end)
    case 1:
      return skipped(frame, tag.end + 8)
    case 2: {
      const length = readVarint(frame, tag.end)
      return length === undefined ? undefined : skipped(frame, length.end + length.value)
    }
    case 5:
      return skipped(frame, tag.end + 4)
    default:
      return undefined
  }
}

function skipped(frame: Buffer, end: number): Read | undefined {
  return end > frame.length ? undefined : { value: 0, end }
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  return Buffer.from([...bytes, rest])
}

function readVarint(frame: Buffer, start: number): Read | undefined {
  let value = 0
  for (let at = start, factor = 1; at < frame.length && at < start + 10; at += 1, factor *= 0x80) {
    const byte = frame[at] ?? 0
    value += (byte & 0x7f) * factor
    if (byte < 0x80) return { value, end: at + 1 }
  }
  return undefined
}
