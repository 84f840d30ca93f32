import assert from 'node:assert/strict'
import { duplexPair } from 'node:stream'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Failure } from '../../../../failure.ts'
import {
  encodeControl,
  encodeData,
  encodeGoaway,
  encodePing,
  encodeRstStream,
  encodeSynReply,
  FLAG_FIN,
  FRAME_TYPE,
  type SpdyFrame,
} from './frame.ts'
import { FrameParser } from './frame-parser.ts'
import { emptyHeaderBlocks, HeaderUnpacker, parseHeaders } from './header-block.ts'
import { SpdySession } from './spdy-session.ts'
import type { SpdyStream } from './spdy-stream.ts'
import { SpdyTestClient } from './test-client.ts'

const LIMIT = { timeout: 10_000 }

function parseAll(...chunks: readonly Uint8Array[]): SpdyFrame[] {
  const parser = new FrameParser()
  return chunks.flatMap((chunk) => [...parser.parse(chunk)])
}

/** Pieces of data put together again: how they were cut is nobody's business. */
function joined(frames: readonly SpdyFrame[]): unknown[] {
  const whole: unknown[] = []
  let open: { streamId: number; text: string } | undefined
  for (const frame of frames) {
    if (frame.is !== 'data') {
      whole.push(
        frame.is === 'syn-stream' || frame.is === 'headers' ? { ...frame, headerBlock: [...frame.headerBlock] } : frame,
      )
      continue
    }
    open = open?.streamId === frame.streamId ? open : { streamId: frame.streamId, text: '' }
    if (!whole.includes(open)) whole.push(open)
    open.text += Buffer.from(frame.data).toString('hex') + (frame.fin ? '|' : '')
  }
  return whole
}

describe('SPDY frames', () => {
  it('are read as they are written', () => {
    const cases: readonly (readonly [Buffer, SpdyFrame])[] = [
      [encodePing(7), { is: 'ping', id: 7 }],
      [encodeGoaway(5, 0), { is: 'goaway' }],
      [encodeRstStream(9, 5), { is: 'rst-stream', streamId: 9, status: 5 }],
      [encodeData(3, Buffer.from('abc'), true), { is: 'data', streamId: 3, fin: true, data: Buffer.from('abc') }],
      [encodeData(3, Buffer.alloc(0), true), { is: 'data', streamId: 3, fin: true, data: Buffer.alloc(0) }],
      [encodeSynReply(1, Buffer.from('x')), { is: 'headers', streamId: 1, fin: false, headerBlock: Buffer.from('x') }],
      [
        encodeControl(FRAME_TYPE.synStream, [1, 0], Buffer.from('\0\0x'), FLAG_FIN),
        { is: 'syn-stream', streamId: 1, fin: true, headerBlock: Buffer.from('x') },
      ],
      [encodeControl(FRAME_TYPE.settings, [0]), { is: 'ignored' }],
      [encodeControl(FRAME_TYPE.windowUpdate, [1, 4096]), { is: 'ignored' }],
      [encodeControl(77, []), { is: 'ignored' }],
    ]
    for (const [bytes, frame] of cases) assert.deepEqual(parseAll(bytes), [frame])
  })

  it('are the same however their bytes are cut', () => {
    const frame = fc.oneof(
      fc.record({ id: fc.integer({ min: 0, max: 0xffff_ffff }) }).map(({ id }) => encodePing(id)),
      fc
        .tuple(fc.integer({ min: 1, max: 0x7fff_ffff }), fc.uint8Array({ maxLength: 300 }), fc.boolean())
        .map(([id, data, fin]) => encodeData(id, data, fin)),
      fc.tuple(fc.nat(0x7fff_ffff), fc.uint8Array({ maxLength: 50 })).map(([id, block]) => encodeSynReply(id, block)),
    )
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 40 })), (frames, cuts) => {
        const bytes = Buffer.concat(frames)
        const chunks: Buffer[] = []
        let at = 0
        for (const cut of cuts) {
          chunks.push(bytes.subarray(at, at + cut))
          at += cut
        }
        chunks.push(bytes.subarray(at))
        assert.deepEqual(joined(parseAll(...chunks)), joined(parseAll(bytes)))
      }),
    )
  })

  it('that make no sense are refused, whatever they are', () => {
    const cases: readonly (readonly [string, Buffer])[] = [
      ['another version', Buffer.from('8002000600000004 00000001'.replace(' ', ''), 'hex')],
      ['a control frame that never ends', Buffer.from('8003000100ffffff', 'hex')],
      ['a ping without its number', encodeControl(FRAME_TYPE.ping, [])],
      ['a stream without its number', encodeControl(FRAME_TYPE.synStream, [1])],
      ['a reset that is too long', encodeControl(FRAME_TYPE.rstStream, [1, 5, 9])],
      ['HTTP', Buffer.from('\x80\x03 HTTP/1.1 200 OK\r\n\r\n')],
    ]
    for (const [rule, bytes] of cases) assert.throws(() => parseAll(bytes), isBadRequest, rule)
  })

  it('of random bytes are frames or a refusal, never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          parseAll(bytes)
        } catch (thrown) {
          assert.ok(isBadRequest(thrown))
        }
      }),
    )
  })
})

describe('SPDY header blocks', () => {
  it('without headers are one compressed stream', async () => {
    const unpacker = new HeaderUnpacker()
    const next = emptyHeaderBlocks()
    for (let block = 0; block < 3; block += 1) assert.deepEqual(await unpacker.unpack(next()), new Map())
    unpacker.close()
  })

  it('that are cut, endless or not compressed are refused', async () => {
    for (const block of [
      [0, 0, 0, 1],
      [255, 255, 255, 255],
      [0, 0, 0, 1, 0, 0, 0, 9, 65],
    ]) {
      assert.throws(() => parseHeaders(Buffer.from(block)), isBadRequest)
    }
    const unpacker = new HeaderUnpacker()
    await assert.rejects(unpacker.unpack(Buffer.from('no zlib at all')), isBadRequest)
    await assert.rejects(unpacker.unpack(Buffer.from('nor this')), isBadRequest)
    unpacker.close()
  })

  it('that unpack to more than a page of headers are refused', async () => {
    const [, server] = duplexPair()
    const client = new SpdyTestClient(server)
    const unpacker = new HeaderUnpacker()
    const frame = await client.synStream(1, { bomb: '0'.repeat(10_000_000) })
    await assert.rejects(unpacker.unpack(frame.subarray(18)), isBadRequest)
    unpacker.close()
  })
})

describe('a SPDY session', LIMIT, () => {
  it('accepts streams, echoes data and ends them one half at a time', async () => {
    const { client, streams } = connect((stream) => stream.pipe(stream))
    const one = await client.open({ streamType: 'data', Port: '80' })
    const two = await client.open({ streamtype: 'error' }, true)
    client.send(one, 'hello ')
    client.send(one, 'world', true)
    await client.until(() => one.ended && two.ended)
    assert.equal(client.text(one), 'hello world')
    assert.deepEqual(
      [...(streams[0]?.headers ?? [])],
      [
        ['streamtype', 'data'],
        ['port', '80'],
      ],
    )
    assert.equal(client.frames.filter(({ is }) => is === 'headers').length, 2)
    assert.ok(!one.wasReset)
  })

  it('answers pings, and only those of the client', async () => {
    const { client } = connect()
    client.socket.write(Buffer.concat([encodePing(2), encodePing(1), encodePing(3)]))
    await client.until(() => client.frames.length === 2)
    assert.deepEqual(client.frames, [
      { is: 'ping', id: 1 },
      { is: 'ping', id: 3 },
    ])
  })

  it('says goodbye to a client that speaks something else', async () => {
    for (const bytes of [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      encodeControl(FRAME_TYPE.synStream, [2, 0], Buffer.alloc(9)),
    ]) {
      const { client, session } = connect()
      client.socket.write(bytes)
      // The first looks like data for a stream that nobody opened; what comes after it does not.
      client.socket.write(Buffer.from('8003000100ffffff', 'hex'))
      client.socket.end()
      await session.closed
      assert.ok(client.frames.every(({ is }) => is === 'goaway'))
    }
  })

  it('refuses a stream number that is even or was used before', async () => {
    for (const streamId of [2, 1]) {
      const { client, session } = connect()
      await client.open({})
      client.socket.write(await client.synStream(streamId, {}))
      await session.closed
      assert.equal(client.frames.at(-1)?.is, 'goaway')
    }
  })

  it('resets what is given up, and lets go of what comes for it later', async () => {
    const { client, streams } = connect()
    const stream = await client.open({})
    await client.until(() => client.frames.length === 1)
    streams[0]?.destroy()
    await client.until(() => stream.wasReset)
    client.send(stream, 'too late')
    client.socket.write(encodePing(1))
    await client.until(() => client.frames.at(-1)?.is === 'ping')
  })

  it('ends its streams when the client is gone', async () => {
    const { client, connection, streams, session } = connect()
    await client.open({})
    await client.until(() => client.frames.length === 1)
    connection.destroy()
    await session.closed
    assert.equal(streams[0]?.destroyed, true)
  })

  it('stops reading from the client while a stream is full, and goes on when it is read', async () => {
    const { client, streams } = connect()
    const stream = await client.open({})
    await client.until(() => client.frames.length === 1)
    const chunk = Buffer.alloc(65_536, 'x')
    let sent = 0
    while (client.send(stream, chunk) || sent < 4_000_000) {
      sent += chunk.length
      await new Promise(setImmediate)
      if (client.socket.writableLength > 2_000_000) break
    }
    const held = streams[0]?.readableLength ?? 0
    assert.ok(held > 0 && held < 2_000_000, `it holds ${held} bytes`)
    client.send(stream, '', true)
    let received = 0
    for await (const piece of streams[0] as AsyncIterable<Buffer>) received += piece.length
    assert.ok(received >= sent)
  })

  it('survives random frames', async () => {
    const frame = fc.oneof(
      fc
        .tuple(fc.nat(9), fc.uint8Array({ maxLength: 20 }), fc.boolean())
        .map(([id, data, fin]) => encodeData(id, data, fin)),
      fc.tuple(fc.nat(9), fc.nat(12)).map(([id, status]) => encodeRstStream(id, status)),
      fc
        .tuple(fc.nat(12), fc.array(fc.nat(9), { maxLength: 3 }))
        .map(([type, numbers]) => encodeControl(type, numbers)),
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { maxLength: 10 }), async (frames) => {
        const { client, session } = connect((stream) => stream.pipe(stream))
        await client.open({ streamType: 'data' })
        for (const bytes of frames) client.socket.write(bytes)
        client.socket.end()
        await session.closed
      }),
      { numRuns: 50 },
    )
  })
})

function connect(onStream: (stream: SpdyStream) => void = () => undefined) {
  const [near, far] = duplexPair()
  const streams: SpdyStream[] = []
  const session = new SpdySession(near, (stream) => {
    streams.push(stream)
    onStream(stream)
  })
  return { client: new SpdyTestClient(far), connection: near, session, streams }
}

function isBadRequest(thrown: unknown): boolean {
  return thrown instanceof Failure && thrown.reason === 'BadRequest'
}
