import { Failure } from '../../../../failure.ts'
import { FLAG_FIN, FRAME_TYPE, HEADER_BYTES, SPDY_VERSION, type SpdyFrame } from './frame.ts'

/** Headers of Kubernetes' streams are a few hundred bytes. */
const LONGEST_CONTROL_BYTES = 65_536
const ID_MASK = 0x7fff_ffff
const NO_BYTES = Buffer.alloc(0)

/** Bytes before the header block of the frames that have one, and the whole length of those that have a fixed one. */
const HEADER_BLOCK_AT: Readonly<Record<number, number>> = {
  [FRAME_TYPE.synStream]: 10,
  [FRAME_TYPE.synReply]: 4,
  [FRAME_TYPE.headers]: 4,
}
const FIXED_LENGTH: Readonly<Record<number, number>> = {
  [FRAME_TYPE.rstStream]: 8,
  [FRAME_TYPE.ping]: 4,
  [FRAME_TYPE.goaway]: 8,
  [FRAME_TYPE.windowUpdate]: 8,
}

/** Takes bytes as they come, in pieces of any size, and gives frames. Data is not held until its frame is whole. */
export class FrameParser {
  /** The beginning of a frame: its header, and all that came of it if it is a control frame. */
  #held: Buffer = NO_BYTES
  /** The DATA frame that is under way. */
  #data: { readonly streamId: number; readonly fin: boolean; left: number } | undefined;

  /** @throws Failure BadRequest for what is no SPDY/3.1: nothing after it can be understood. */
  *parse(chunk: Uint8Array): Generator<SpdyFrame, void, undefined> {
    let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    while (bytes.length > 0) {
      if (this.#data !== undefined) {
        const piece = bytes.subarray(0, this.#data.left)
        bytes = bytes.subarray(piece.length)
        yield this.#takeData(this.#data, piece)
        continue
      }
      const needed = this.#needed()
      const missing = needed - this.#held.length
      if (missing > 0) {
        this.#held = this.#held.length === 0 ? bytes.subarray(0, missing) : append(this.#held, bytes, missing)
        bytes = bytes.subarray(missing)
      }
      const frame = this.#held.length === this.#needed() ? this.#takeFrame() : undefined
      if (frame !== undefined) yield frame
    }
  }

  /** How many bytes have to be held before anything more is known: the header, then the whole of a control frame. */
  #needed(): number {
    if (this.#held.length < HEADER_BYTES || !isControl(this.#held)) return HEADER_BYTES
    const length = this.#held.readUIntBE(5, 3)
    if (length > LONGEST_CONTROL_BYTES) throw malformed(`a control frame of ${length} bytes`)
    return HEADER_BYTES + length
  }

  #takeFrame(): SpdyFrame | undefined {
    const frame = this.#held
    this.#held = NO_BYTES
    if (isControl(frame)) return parseControl(frame)
    const streamId = frame.readUInt32BE(0) & ID_MASK
    const fin = (frame.readUInt8(4) & FLAG_FIN) !== 0
    const left = frame.readUIntBE(5, 3)
    if (left === 0) return { is: 'data', streamId, fin, data: NO_BYTES }
    this.#data = { streamId, fin, left }
    return undefined
  }

  #takeData(frame: { readonly streamId: number; readonly fin: boolean; left: number }, data: Buffer): SpdyFrame {
    frame.left -= data.length
    if (frame.left === 0) this.#data = undefined
    return { is: 'data', streamId: frame.streamId, fin: frame.fin && frame.left === 0, data }
  }
}

function isControl(frame: Buffer): boolean {
  return (frame.readUInt8(0) & 0x80) !== 0
}

function parseControl(frame: Buffer): SpdyFrame {
  const version = frame.readUInt16BE(0) & 0x7fff
  if (version !== SPDY_VERSION) throw malformed(`a frame of version ${version}`)
  const type = frame.readUInt16BE(2)
  const fin = (frame.readUInt8(4) & FLAG_FIN) !== 0
  const body = frame.subarray(HEADER_BYTES)
  const headerBlockAt = HEADER_BLOCK_AT[type]
  const wanted = headerBlockAt ?? FIXED_LENGTH[type]
  if (wanted === undefined) return { is: 'ignored' }
  if (headerBlockAt === undefined ? body.length !== wanted : body.length < wanted) {
    throw malformed(`a frame of type ${type} with ${body.length} bytes`)
  }
  const first = body.readUInt32BE(0)
  const streamId = first & ID_MASK
  switch (type) {
    case FRAME_TYPE.synStream:
      return { is: 'syn-stream', streamId, fin, headerBlock: body.subarray(headerBlockAt) }
    case FRAME_TYPE.synReply:
    case FRAME_TYPE.headers:
      return { is: 'headers', streamId, fin, headerBlock: body.subarray(headerBlockAt) }
    case FRAME_TYPE.rstStream:
      return { is: 'rst-stream', streamId, status: body.readUInt32BE(4) }
    case FRAME_TYPE.ping:
      return { is: 'ping', id: first }
    case FRAME_TYPE.goaway:
      return { is: 'goaway' }
    default:
      return { is: 'ignored' }
  }
}

function append(held: Buffer, bytes: Buffer, length: number): Buffer {
  return Buffer.concat([held, bytes.subarray(0, length)])
}

function malformed(what: string): Failure {
  return new Failure('BadRequest', `read SPDY frames: the client sent ${what}; is it SPDY/3.1 that it speaks?`)
}
