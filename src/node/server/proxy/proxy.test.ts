import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request,
  type Server,
  type ServerResponse,
} from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { NOTHING_RUNS, PODS_PATH, TestServer } from '../test-server.ts'

interface Heard {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

type Answering = (incoming: IncomingMessage) => {
  readonly code: number
  readonly headers?: OutgoingHttpHeaders
  readonly body: string
}

/** A program that listens at the pod's address, and the API server before it. */
class Proxied implements AsyncDisposable {
  readonly heard: Heard[] = []
  readonly ports: number[] = []
  readonly pod: Server
  api!: TestServer

  private constructor(answer: Answering) {
    this.pod = createServer((incoming, response) => {
      let body = ''
      incoming.on('data', (chunk: Buffer) => (body += chunk.toString()))
      incoming.on('end', () => {
        const { method, url, headers } = incoming
        this.heard.push({ method, url, headers, body })
        const { code, headers: returned = {}, body: said } = answer(incoming)
        response.writeHead(code, { ...returned }).end(said)
      })
    })
  }

  static async open(answer: Answering = () => ({ code: 200, body: 'hello' })): Promise<Proxied> {
    const proxied = new Proxied(answer)
    proxied.pod.listen(0, '127.0.0.1')
    await once(proxied.pod, 'listening')
    const { port } = proxied.pod.address() as AddressInfo
    proxied.api = await TestServer.open({
      streams: {
        ...NOTHING_RUNS,
        log: () => Promise.reject(new Error('nobody asks for it')),
        proxy: () =>
          Promise.resolve(async (wanted) => {
            proxied.ports.push(wanted)
            const socket = connect(port, '127.0.0.1')
            await once(socket, 'connect')
            return socket
          }),
      },
    })
    const ports = [{ containerPort: 8080, name: 'web' }]
    await proxied.api.createPod('web', { spec: { containers: [{ name: 'app', image: 'busybox', ports }] } })
    return proxied
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.api[Symbol.asyncDispose]()
    this.pod.closeAllConnections()
    this.pod.close()
  }
}

const PROXY = `${PODS_PATH}/web/proxy`

describe('pods/proxy', () => {
  it('passes requests of any method on, with path and query as they are, and answers back', async () => {
    await using test = await Proxied.open(() => ({ code: 418, headers: { 'x-pot': 'tea' }, body: 'short' }))
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      const body = method === 'GET' ? undefined : 'a body'
      const reply = await test.api.send(method, `${PROXY}/a%2Fb/c?watch=1&x=%20`, { body })
      assert.deepEqual([reply.code, reply.headers['x-pot'], reply.text], [418, 'tea', 'short'])
      const heard = test.heard.pop()
      assert.deepEqual([heard?.method, heard?.url, heard?.body], [method, '/a%2Fb/c?watch=1&x=%20', body ?? ''])
    }
    const head = await test.api.send('HEAD', `${PROXY}/`)
    assert.deepEqual([head.code, head.text, test.heard.pop()?.method], [418, '', 'HEAD'])
  })

  it('tells the pod neither who asks nor what the connection needs', async () => {
    await using test = await Proxied.open()
    const headers = {
      authorization: 'Bearer secret',
      'impersonate-user': 'me',
      'impersonate-group': 'system:masters',
      'proxy-authorization': 'Basic secret',
      te: 'trailers',
      connection: 'keep-alive, x-hop',
      'x-hop': '1',
      'x-own': '2',
      host: 'api.example.com',
    }
    await test.api.get(`${PROXY}/where`, headers)
    const heard = test.heard[0]?.headers ?? {}
    assert.deepEqual(Object.keys(heard).toSorted(), [
      'connection',
      'host',
      'x-forwarded-host',
      'x-forwarded-proto',
      'x-forwarded-uri',
      'x-own',
    ])
    assert.deepEqual([heard.host, heard['x-forwarded-uri'], heard.connection], ['api.example.com', '/where', 'close'])
  })

  const targets: [id: string, port: number][] = [
    ['web', 8080],
    ['web:9000', 9000],
    ['web:web', 8080],
    ['http:web:81', 81],
    ['http%3Aweb%3A', 8080],
  ]
  for (const [id, port] of targets) {
    it(`${id} is port ${port}`, async () => {
      await using test = await Proxied.open()
      const { text } = await test.api.get(`${PODS_PATH}/${id}/proxy/`)
      assert.deepEqual([text, test.ports], ['hello', [port]])
    })
  }

  const refused: [id: string, code: number, message: string][] = [
    ['ftp:web:1', 400, 'invalid pod request "ftp:web:1"'],
    ['web:nope', 400, 'invalid pod request "web:nope"'],
    ['web:70000', 400, 'invalid pod request "web:70000"'],
    ['a:b:c:d', 400, 'invalid pod request "a:b:c:d"'],
    ['nobody:80', 404, 'pods "nobody" not found'],
  ]
  for (const [id, code, message] of refused) {
    it(`${id} is refused`, async () => {
      await using test = await Proxied.open()
      const { json, ...reply } = await test.api.get(`${PODS_PATH}/${id}/proxy/`)
      assert.deepEqual([reply.code, json.message], [code, message])
    })
  }

  it('leads to the slash, from where relative links are right', async () => {
    await using test = await Proxied.open()
    const { code, headers } = await test.api.get(`${PROXY}?a=1`)
    assert.deepEqual([code, headers.location, test.heard], [301, `${PROXY}/?a=1`, []])
  })

  it('follows no redirect; one that stays in the pod leads through the proxy again', async () => {
    const places = ['/login?x', 'next', 'https://example.com/', '//example.com/']
    await using test = await Proxied.open(() => ({ code: 302, headers: { location: places.shift() }, body: '' }))
    const seen = []
    for (let count = places.length; count > 0; count -= 1) {
      seen.push((await test.api.get(`${PROXY}/deep/path`)).headers.location)
    }
    assert.deepEqual(seen, [`${PROXY}/login?x`, 'next', 'https://example.com/', '//example.com/'])
    assert.equal(test.heard.length, 4)
  })

  it('without an address, or with nobody who listens, the pod cannot be reached', async () => {
    await using without = await TestServer.open()
    await without.createPod('web')
    const none = await without.get(`${PROXY}/`)
    assert.deepEqual([none.code, none.json.message], [400, 'address not allowed'])
    await using test = await Proxied.open()
    test.pod.close()
    test.pod.closeAllConnections()
    const reply = await test.api.get(`${PROXY}/`)
    assert.equal(reply.code, 503)
    assert.match(String(reply.json.message), /^error trying to reach service: .*ECONNREFUSED/)
  })

  it('an answer that breaks off does not look whole', async () => {
    await using test = await Proxied.open()
    test.pod.removeAllListeners('request')
    test.pod.on('request', (_incoming, response: ServerResponse) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('some', () => response.destroy())
    })
    await assert.rejects(test.api.get(`${PROXY}/`), /aborted|ECONNRESET|socket hang up/)
  })

  it('streams both ways while both sides talk, and ends with its client', async () => {
    await using test = await Proxied.open()
    const gone = Promise.withResolvers<undefined>()
    test.pod.removeAllListeners('request')
    test.pod.on('request', (incoming: IncomingMessage, response: ServerResponse) => {
      response.on('close', () => gone.resolve(undefined))
      incoming.on('data', (chunk: Buffer) => response.write(`heard ${chunk.toString()}`))
    })
    const options = { socketPath: test.api.socketPath, method: 'POST', path: `${PROXY}/`, agent: false as const }
    const client = request(options)
    client.on('error', () => undefined)
    client.write('one')
    const [answer] = (await once(client, 'response')) as [IncomingMessage]
    answer.on('error', () => undefined)
    answer.setEncoding('utf8')
    assert.deepEqual(await once(answer, 'data'), ['heard one'])
    client.write('two')
    assert.deepEqual(await once(answer, 'data'), ['heard two'])
    client.destroy()
    await gone.promise
    await setImmediate()
    assert.deepEqual(test.api.complaints, [])
  })

  it('goes on with another protocol when the pod agrees', async () => {
    await using test = await Proxied.open()
    test.pod.on('upgrade', (incoming: IncomingMessage, socket: Duplex) => {
      const { authorization = 'nothing', upgrade } = incoming.headers
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${upgrade}\r\nConnection: Upgrade\r\n\r\n`)
      socket.write(`${incoming.url} ${authorization};`)
      socket.on('data', (chunk: Buffer) => socket.write(chunk.toString().toUpperCase()))
    })
    const client = request({
      socketPath: test.api.socketPath,
      path: `${PROXY}/chat?room=1`,
      headers: { connection: 'Upgrade', upgrade: 'websocket', authorization: 'Bearer secret' },
    }).end()
    const [answer, socket, first] = (await once(client, 'upgrade')) as [IncomingMessage, Socket, Buffer]
    let said = first.toString()
    socket.on('data', (chunk: Buffer) => (said += chunk.toString()))
    socket.write('hi')
    while (!said.endsWith('HI')) await once(socket, 'data')
    assert.deepEqual([answer.statusCode, said], [101, '/chat?room=1 nothing;HI'])
    socket.destroy()
  })
})
