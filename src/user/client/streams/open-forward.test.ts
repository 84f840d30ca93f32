import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { openEndpoint } from '../endpoint.ts'
import { FakeStreamServer } from './fake-stream-server.ts'
import { openForward } from './open-forward.ts'
import { encodeData, encodeEnd, encodePing, FrameReader, type SpdyFrame } from './spdy-frames.ts'

const pod = { namespace: 'shop', name: 'web' }
const ERROR = 1
const DATA = 3

describe('a port of a pod', { timeout: 10_000 }, () => {
  async function opened(onFrame: (frame: SpdyFrame, socket: Duplex) => void) {
    const server = await FakeStreamServer.open()
    server.onSpdy = (socket) => {
      const reader = new FrameReader()
      socket.on('data', (chunk: Buffer) => {
        for (const frame of reader.read(chunk)) onFrame(frame, socket)
      })
    }
    const { signal } = new AbortController()
    const forward = await openForward(openEndpoint(server.endpoint), { pod, signal })
    return { forward, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
  }

  it('each half ends for itself', async () => {
    let heard = ''
    await using test = await opened((frame, socket) => {
      if (frame.is !== 'data' || frame.streamId !== DATA) return
      heard += frame.data.toString()
      if (!frame.fin) return
      socket.write(Buffer.concat([encodePing(2), encodeData(DATA, Buffer.from(heard.toUpperCase()))]))
      socket.write(Buffer.concat([encodeEnd(DATA), encodeEnd(ERROR)]))
    })
    const { data, problem } = test.forward.connect(80)
    data.end('hello')
    assert.equal(await text(data), 'HELLO')
    assert.equal(await problem, '')
  })

  it('tells what went wrong', async () => {
    await using test = await opened((frame, socket) => {
      if (frame.is !== 'data') return
      socket.write(Buffer.concat([encodeData(ERROR, Buffer.from('nobody listens')), encodeEnd(ERROR), encodeEnd(DATA)]))
    })
    const { data, problem } = test.forward.connect(80)
    data.write('hello')
    assert.equal(await problem, 'nobody listens')
    data.resume()
  })

  it('a connection that breaks is no end', async () => {
    await using test = await opened((_frame, socket) => void socket.destroy())
    const { data, problem } = test.forward.connect(80)
    data.on('end', () => assert.fail('it ended well'))
    data.write('hello')
    data.resume()
    await once(data, 'close')
    assert.equal(await problem, '')
  })

  it('is refused in the words of the server', async () => {
    await using server = await FakeStreamServer.open()
    server.refusal = { code: 403, body: '{"kind":"Status","reason":"Forbidden","message":"you may not"}' }
    const { signal } = new AbortController()
    await assert.rejects(
      openForward(openEndpoint(server.endpoint), { pod, signal }),
      /forward a port of pod "web": the API server answered: you may not/,
    )
  })
})
