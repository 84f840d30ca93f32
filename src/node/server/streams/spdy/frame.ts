/** A frame of SPDY/3.1 as it was received. @see https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/ */
export type SpdyFrame =
  | { readonly is: 'syn-stream'; readonly streamId: number; readonly fin: boolean; readonly headerBlock: Uint8Array }
  /** SYN_REPLY and HEADERS: more headers for a stream that is there. */
  | { readonly is: 'headers'; readonly streamId: number; readonly fin: boolean; readonly headerBlock: Uint8Array }
  /** A piece of a DATA frame, as it came; `fin` with the last one, if its sender has nothing more for this stream. */
  | { readonly is: 'data'; readonly streamId: number; readonly fin: boolean; readonly data: Uint8Array }
  | { readonly is: 'rst-stream'; readonly streamId: number; readonly status: number }
  | { readonly is: 'ping'; readonly id: number }
  | { readonly is: 'goaway' }
  /** SETTINGS and WINDOW_UPDATE, and whatever a later draft may add: to be passed over. */
  | { readonly is: 'ignored' }

export const SPDY_VERSION = 3

export const FRAME_TYPE = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  headers: 8,
  windowUpdate: 9,
} as const

export const FLAG_FIN = 0x01
export const HEADER_BYTES = 8
/** The length of a frame is a number of 24 bits. */
export const LONGEST_FRAME_BYTES = 0xff_ffff

export const RST_STATUS = { protocolError: 1, refusedStream: 3, cancel: 5 } as const
export const GOAWAY_STATUS = { ok: 0, protocolError: 1 } as const

const CONTROL_BIT = 0x8000

/** @param data at most LONGEST_FRAME_BYTES. */
export function encodeData(streamId: number, data: Uint8Array, fin: boolean): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + data.length)
  frame.writeUInt32BE(streamId, 0)
  frame.writeUInt32BE(((fin ? FLAG_FIN : 0) << 24) >>> 0, 4)
  frame.writeUIntBE(data.length, 5, 3)
  frame.set(data, HEADER_BYTES)
  return frame
}

export function encodeSynReply(streamId: number, headerBlock: Uint8Array): Buffer {
  return encodeControl(FRAME_TYPE.synReply, [streamId], headerBlock)
}

export function encodeRstStream(streamId: number, status: number): Buffer {
  return encodeControl(FRAME_TYPE.rstStream, [streamId, status])
}

export function encodePing(id: number): Buffer {
  return encodeControl(FRAME_TYPE.ping, [id])
}

export function encodeGoaway(lastStreamId: number, status: number): Buffer {
  return encodeControl(FRAME_TYPE.goaway, [lastStreamId, status])
}

/** A control frame: 32-bit numbers, then whatever follows them. */
export function encodeControl(
  type: number,
  numbers: readonly number[],
  rest: Uint8Array = new Uint8Array(),
  flags = 0,
): Buffer {
  const length = numbers.length * 4 + rest.length
  const frame = Buffer.allocUnsafe(HEADER_BYTES + length)
  frame.writeUInt16BE(CONTROL_BIT | SPDY_VERSION, 0)
  frame.writeUInt16BE(type, 2)
  frame.writeUInt8(flags, 4)
  frame.writeUIntBE(length, 5, 3)
  numbers.forEach((number, index) => frame.writeUInt32BE(number, HEADER_BYTES + index * 4))
  frame.set(rest, HEADER_BYTES + numbers.length * 4)
  return frame
}
