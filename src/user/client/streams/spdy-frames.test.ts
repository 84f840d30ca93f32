import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { encodeData, encodeEnd, encodePing, FrameReader, streamOpener, type SpdyFrame } from './spdy-frames.ts'

/** With the pieces of one data frame joined again. */
function readAll(chunks: readonly Buffer[]): readonly SpdyFrame[] {
  const reader = new FrameReader()
  const frames: SpdyFrame[] = []
  for (const frame of chunks.flatMap((chunk) => [...reader.read(chunk)])) {
    const before = frames.at(-1)
    if (frame.is === 'data' && before?.is === 'data' && before.streamId === frame.streamId && !before.fin) {
      frames[frames.length - 1] = { ...frame, data: Buffer.concat([before.data, frame.data]) }
    } else frames.push(frame)
  }
  return frames
}

describe('SPDY frames of a client', () => {
  it('are read in pieces of any size', () => {
    const bytes = Buffer.concat([
      // A SYN_REPLY with a header block, which nobody reads.
      Buffer.from('800300020000000800000003deadbeef', 'hex'),
      encodeData(3, Buffer.from('hello')),
      encodePing(2),
      encodeData(1, Buffer.alloc(3_000, 'x')),
      encodeEnd(1),
      Buffer.from('80030003000000080000000300000005', 'hex'),
      // A GOAWAY: passed over.
      Buffer.from('80030007000000080000000300000000', 'hex'),
    ])
    const whole = readAll([bytes])
    assert.deepEqual(
      whole.map((frame) => frame.is),
      ['headers', 'data', 'ping', 'data', 'reset'],
    )
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1 }), (sizes) => {
        const chunks: Buffer[] = []
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1
          chunks.push(Buffer.from(bytes.subarray(at, at + size)))
          at += size
        }
        assert.deepEqual(readAll(chunks), whole)
      }),
    )
  })

  it('open streams with headers that any SPDY server unpacks, one compressed stream for all', () => {
    const open = streamOpener()
    const frames = [1, 3].map((streamId) =>
      open({ streamId, headers: { streamtype: 'data', port: '80' }, fin: streamId === 1 }),
    )
    assert.deepEqual(
      frames.map((frame) => [frame.readUInt16BE(2), frame.readUInt8(4), frame.readUInt32BE(8), frame.readUIntBE(5, 3)]),
      frames.map((frame, index) => [1, index === 0 ? 1 : 0, index * 2 + 1, frame.length - 8]),
    )
    // Without SYN_STREAM's ten bytes and the six of zlib's beginning, which only the first one has.
    const deflated = Buffer.concat(frames.map((frame, index) => frame.subarray(18 + (index === 0 ? 6 : 0))))
    const last = Buffer.from([0x01, 0x00, 0x00, 0xff, 0xff])
    const block = '\0\0\0\x02\0\0\0\x0astreamtype\0\0\0\x04data\0\0\0\x04port\0\0\0\x0280'
    assert.equal(inflateRawSync(Buffer.concat([deflated, last])).toString('latin1'), block + block)
  })

  it('of another protocol are refused', () => {
    for (const hex of ['8002000100000000', '80030001ffffff00']) {
      assert.throws(() => [...new FrameReader().read(Buffer.from(hex, 'hex'))], /does not speak SPDY/)
    }
  })
})
