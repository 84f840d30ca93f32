// What a client of port forwarding needs of SPDY/3.1, and no more: it opens streams, and passes over the headers of answers.
// @see https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/

/** A frame that was received. Data comes in pieces, as it was read; `fin` is with the last one. */
export type SpdyFrame =
  | { readonly is: 'data'; readonly streamId: number; readonly data: Buffer; readonly fin: boolean }
  /** A SYN_REPLY or HEADERS, of which only the end counts. */
  | { readonly is: 'headers'; readonly streamId: number; readonly fin: boolean }
  | { readonly is: 'reset'; readonly streamId: number }
  | { readonly is: 'ping'; readonly id: number }

const TYPE = { synStream: 1, synReply: 2, rstStream: 3, ping: 6, headers: 8 } as const
const CONTROL = 0x8003
const FLAG_FIN = 0x01
const HEADER_BYTES = 8
const ID_MASK = 0x7fff_ffff
/** Those of Kubernetes' streams have a few hundred bytes. */
const LONGEST_CONTROL_BYTES = 65_536
/** Data is cut to pieces long before. */
const LONGEST_DATA_BYTES = 0xff_ffff
const NO_BYTES = Buffer.alloc(0)

/** Deflate with a window of 32 KiB, SPDY's preset dictionary, and the dictionary's Adler-32. @see RFC 1950 */
const ZLIB_START = Buffer.from([0x78, 0xbb, 0xe3, 0xc6, 0xa7, 0xc2])
/** A stored block of nothing: readers of Go give out what they have when they come to one, and not before. */
const FLUSH = Buffer.from([0x00, 0x00, 0x00, 0xff, 0xff])

/** @returns a function that makes SYN_STREAM frames: those of one connection are one compressed stream, in their order. */
export function streamOpener(): (stream: {
  readonly streamId: number
  readonly headers: Readonly<Record<string, string>>
  readonly fin: boolean
}) => Buffer {
  let begun = false
  return ({ streamId, headers, fin }) => {
    const lines = Object.entries(headers)
    const block = Buffer.concat([number32(lines.length), ...lines.flat().flatMap(sized)])
    // Not compressed, which the format allows.
    const stored = Buffer.alloc(5)
    stored.writeUInt16LE(block.length, 1)
    stored.writeUInt16LE(~block.length & 0xffff, 3)
    const start = begun ? NO_BYTES : ZLIB_START
    begun = true
    const rest = Buffer.concat([Buffer.alloc(2), start, stored, block, FLUSH])
    return control(TYPE.synStream, Buffer.concat([number32(streamId), number32(0), rest]), fin ? FLAG_FIN : 0)
  }
}

export function encodeData(streamId: number, data: Uint8Array): Buffer {
  const frames: Buffer[] = []
  for (let from = 0; from < data.length; from += LONGEST_DATA_BYTES) {
    const piece = data.subarray(from, from + LONGEST_DATA_BYTES)
    frames.push(dataHead(streamId, piece.length, 0), Buffer.from(piece.buffer, piece.byteOffset, piece.length))
  }
  return Buffer.concat(frames)
}

export function encodeEnd(streamId: number): Buffer {
  return dataHead(streamId, 0, FLAG_FIN)
}

export function encodePing(id: number): Buffer {
  return control(TYPE.ping, number32(id), 0)
}

/** Takes bytes as they come, in pieces of any size, and gives frames. */
export class FrameReader {
  #held: Buffer = NO_BYTES
  /** The data frame that is under way. */
  #open: { readonly streamId: number; readonly fin: boolean; left: number } | undefined;

  /** @throws Error for what is no SPDY/3.1: nothing after it can be understood. */
  *read(chunk: Buffer): Generator<SpdyFrame, void, undefined> {
    let bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    this.#held = NO_BYTES
    while (bytes.length > 0) {
      if (this.#open !== undefined) {
        const data = bytes.subarray(0, this.#open.left)
        bytes = bytes.subarray(data.length)
        yield this.#piece(this.#open, data)
        continue
      }
      const length = bytes.length < HEADER_BYTES ? Infinity : this.#lengthOf(bytes)
      if (bytes.length < length) break
      const frame = this.#take(bytes.subarray(0, length))
      bytes = bytes.subarray(length)
      if (frame !== undefined) yield frame
    }
    // A copy: the chunk's memory is the connection's.
    this.#held = Buffer.from(bytes)
  }

  /** Of a control frame as a whole, or of a data frame's head. */
  #lengthOf(bytes: Buffer): number {
    const first = bytes.readUInt16BE(0)
    if ((first & 0x8000) === 0) return HEADER_BYTES
    const length = bytes.readUIntBE(5, 3)
    if (first !== CONTROL || length > LONGEST_CONTROL_BYTES) throw new Error('the server does not speak SPDY/3.1')
    return HEADER_BYTES + length
  }

  #piece(open: { readonly streamId: number; readonly fin: boolean; left: number }, data: Buffer): SpdyFrame {
    open.left -= data.length
    if (open.left === 0) this.#open = undefined
    return { is: 'data', streamId: open.streamId, data, fin: open.fin && open.left === 0 }
  }

  #take(frame: Buffer): SpdyFrame | undefined {
    const fin = (frame.readUInt8(4) & FLAG_FIN) !== 0
    if ((frame.readUInt8(0) & 0x80) === 0) {
      const [streamId, left] = [frame.readUInt32BE(0), frame.readUIntBE(5, 3)]
      if (left === 0) return { is: 'data', streamId, data: NO_BYTES, fin }
      this.#open = { streamId, fin, left }
      return undefined
    }
    const type = frame.readUInt16BE(2)
    if (frame.length < HEADER_BYTES + 4) return undefined
    const id = frame.readUInt32BE(HEADER_BYTES)
    if (type === TYPE.synReply || type === TYPE.headers) return { is: 'headers', streamId: id & ID_MASK, fin }
    if (type === TYPE.rstStream) return { is: 'reset', streamId: id & ID_MASK }
    return type === TYPE.ping ? { is: 'ping', id } : undefined
  }
}

function dataHead(streamId: number, length: number, flags: number): Buffer {
  const head = Buffer.alloc(HEADER_BYTES)
  head.writeUInt32BE(streamId, 0)
  head.writeUInt8(flags, 4)
  head.writeUIntBE(length, 5, 3)
  return head
}

function control(type: number, body: Buffer, flags: number): Buffer {
  const head = Buffer.alloc(HEADER_BYTES)
  head.writeUInt16BE(CONTROL, 0)
  head.writeUInt16BE(type, 2)
  head.writeUInt8(flags, 4)
  head.writeUIntBE(body.length, 5, 3)
  return Buffer.concat([head, body])
}

function sized(text: string): Buffer[] {
  return [number32(Buffer.byteLength(text)), Buffer.from(text)]
}

function number32(number: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(number)
  return bytes
}
