import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { dialMessage } from './dial-message.ts'
import { probeGrpc } from './probe-grpc.ts'
import { probeHttp } from './probe-http.ts'
import type { HttpTarget } from './http-request.ts'
import type { ProbeFinding } from './probe-finding.ts'
import { probeTcp } from './probe-tcp.ts'

const HOST = '127.0.0.1'
const SECOND = { timeoutSeconds: 1, signal: new AbortController().signal }
const SOON = { timeoutSeconds: 0.15, signal: SECOND.signal }
const CERTIFICATES = join(import.meta.dirname, '../../../machine/image/testing/testdata')

const closers: (() => void)[] = []
after(() => closers.forEach((close) => close()))

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)))
  closers.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
  return (server.address() as AddressInfo).port
}

/** A port that nobody listens on now. */
async function closedPort(): Promise<number> {
  const server = createTcpServer()
  const port = await listen(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

const get = (port: number, change: Partial<HttpTarget> = {}): HttpTarget => ({
  scheme: 'http',
  host: HOST,
  port,
  path: '/',
  headers: [],
  ...change,
})
const failure = (message: string): ProbeFinding => ({ is: 'failure', message })
const SUCCESS: ProbeFinding = { is: 'success' }

describe('tcp probes (P10)', () => {
  it('an accepted connection is success, also when the peer closes it at once', async () => {
    const port = await listen(createTcpServer((socket) => socket.destroy()))
    assert.deepEqual(await probeTcp({ host: HOST, port }, SECOND), SUCCESS)
  })

  it('a refused one is failure, in the kubelet’s words', async () => {
    const port = await closedPort()
    const refused = failure(`dial tcp ${HOST}:${port}: connect: connection refused`)
    assert.deepEqual(await probeTcp({ host: HOST, port }, SECOND), refused)
  })

  it('ends on abort', async () => {
    const stop = new AbortController()
    const found = probeTcp({ host: HOST, port: await closedPort() }, { timeoutSeconds: 5, signal: stop.signal })
    stop.abort()
    assert.deepEqual(await found, { is: 'error', message: 'context canceled' })
  })
})

describe('why a connection is not made, in the kubelet’s words', () => {
  const rows: [error: object, message: string][] = [
    [{ code: 'ECONNREFUSED' }, 'dial tcp 10.0.0.2:80: connect: connection refused'],
    [{ code: 'EHOSTUNREACH' }, 'dial tcp 10.0.0.2:80: connect: no route to host'],
    [{ code: 'ENOTFOUND', hostname: 'no.such' }, 'dial tcp: lookup no.such: no such host'],
    [{ code: 'EWHAT', message: 'what' }, 'dial tcp 10.0.0.2:80: what'],
  ]
  for (const [error, message] of rows) {
    it(message, () => assert.equal(dialMessage('10.0.0.2:80', error), message))
  }
})

describe('http probes (P9)', () => {
  const seen: IncomingMessage[] = []
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    seen.push(request)
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x')
    const [, what, code] = pathname.split('/')
    const location = searchParams.get('to') ?? `/redirect/302?n=${Number(searchParams.get('n')) + 1}`
    if (what === 'silent') return
    if (what === 'hang-up') request.socket.destroy()
    else if (what === 'stall') response.writeHead(200, { 'content-length': 100 }).write('some')
    else if (what === 'long') response.end(Buffer.alloc(1_000_000))
    else if (what === 'redirect') response.writeHead(Number(code), { location }).end('gone there')
    else response.writeHead(Number(code ?? 200)).end('body')
  }
  const port = listen(createServer(answer))
  const probe = async (path: string, limits = SECOND) => probeHttp(get(await port, { path }), limits)

  for (const code of [200, 204, 299])
    it(`${code} is success`, async () => assert.deepEqual(await probe(`/is/${code}`), SUCCESS))
  for (const code of [400, 404, 500, 599]) {
    it(`${code} is failure`, async () => {
      assert.deepEqual(await probe(`/is/${code}`), failure(`HTTP probe failed with statuscode: ${code}`))
    })
  }
  for (const code of [301, 302, 303, 307, 308]) {
    it(`${code} is followed on the same host`, async () => {
      assert.deepEqual(await probe(`/redirect/${code}?to=/is/204`), SUCCESS)
      assert.deepEqual(await probe(`/redirect/${code}?to=/is/500`), failure('HTTP probe failed with statuscode: 500'))
    })
  }

  it('a redirect that is not followed is a warning: to another host, without an end, or to nowhere', async () => {
    const warning = { is: 'warning', message: 'Probe terminated redirects, Response body: gone there' }
    assert.deepEqual(await probe('/redirect/302?to=http://127.0.0.2/'), warning)
    seen.length = 0
    assert.deepEqual(await probe('/redirect/302'), warning)
    assert.equal(seen.length, 11)
    assert.deepEqual(await probe('/redirect/304'), {
      ...warning,
      message: 'Probe terminated redirects, Response body: ',
    })
  })

  it('sends the headers, on a connection that is not kept', async () => {
    seen.length = 0
    const headers = [{ name: 'X-Probe', value: 'yes' }]
    assert.deepEqual(await probeHttp(get(await port, { headers }), SECOND), SUCCESS)
    assert.deepEqual(seen[0]?.headers, {
      host: `${HOST}:${await port}`,
      'user-agent': 'kube-probe/1.36',
      accept: '*/*',
      'x-probe': 'yes',
      connection: 'close',
    })
  })

  it('reads no more than the beginning of a long body', async () => assert.deepEqual(await probe('/long'), SUCCESS))

  it('what goes wrong is told in the kubelet’s words', async () => {
    const url = `http://${HOST}:${await port}`
    assert.deepEqual(await probe('/hang-up'), failure(`Get "${url}/hang-up": EOF`))
    const late = 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
    assert.deepEqual(await probe('/silent', SOON), failure(`Get "${url}/silent": ${late}`))
    const closed = await closedPort()
    const refused = `dial tcp ${HOST}:${closed}: connect: connection refused`
    assert.deepEqual(await probeHttp(get(closed), SECOND), failure(`Get "http://${HOST}:${closed}/": ${refused}`))
  })

  it('a body that does not come is an error: the head was right', async () => {
    assert.deepEqual(await probe('/stall', SOON), {
      is: 'error',
      message: 'context deadline exceeded (Client.Timeout or context cancellation while reading body)',
    })
  })

  it('something else than HTTP is failure', async () => {
    const other = await listen(createTcpServer((socket) => socket.end('220 mail.example.org\r\n')))
    const found = await probeHttp(get(other), SECOND)
    assert.equal(found.is, 'failure')
    assert.match(found.message, /malformed HTTP response/)
  })

  it('ends on abort', async () => {
    const stop = new AbortController()
    const found = probe('/silent', { timeoutSeconds: 5, signal: stop.signal })
    stop.abort()
    assert.equal((await found).is, 'error')
  })

  it('HTTPS is not verified; the two schemes are told apart', async () => {
    const key = readFileSync(join(CERTIFICATES, 'localhost.key.pem'))
    const cert = readFileSync(join(CERTIFICATES, 'localhost.cert.pem'))
    const secure = await listen(createHttpsServer({ key, cert }, answer))
    assert.deepEqual(await probeHttp(get(secure, { scheme: 'https', path: '/is/204' }), SECOND), SUCCESS)
    assert.deepEqual(
      await probeHttp(get(secure, { scheme: 'https', path: '/is/500' }), SECOND),
      failure('HTTP probe failed with statuscode: 500'),
    )
    const plain = await port
    assert.deepEqual(
      await probeHttp(get(plain, { scheme: 'https' }), SECOND),
      failure(`Get "https://${HOST}:${plain}/": http: server gave HTTP response to HTTPS client`),
    )
  })
})

describe('grpc probes (P11)', () => {
  type Call = { readonly path: string; readonly body: Buffer; readonly stream: ServerHttp2Stream }
  const serve = (handle: (call: Call) => void): Promise<number> => {
    const server = createHttp2Server()
    server.on('stream', (stream: ServerHttp2Stream, headers) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('error', () => undefined)
      stream.on('end', () => handle({ path: String(headers[':path']), body: Buffer.concat(chunks), stream }))
    })
    return listen(server)
  }
  const reply = (stream: ServerHttp2Stream, code: number, message = '', frame?: Buffer) => {
    const status = { 'grpc-status': String(code), ...(message === '' ? {} : { 'grpc-message': message }) }
    if (frame === undefined) {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...status }, { endStream: true })
      return
    }
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers(status))
    stream.end(frame)
  }
  const status = (number: number) => Buffer.from([0, 0, 0, 0, 2, 0x08, number])
  const server = serve(({ path, body, stream }) => {
    assert.equal(path, '/grpc.health.v1.Health/Check')
    const service = body.subarray(7).toString()
    if (service === '') reply(stream, 0, '', status(1))
    else if (service === 'down') reply(stream, 0, '', status(2))
    else if (service === 'silent') return
    else if (service === 'garbage') reply(stream, 0, '', Buffer.from('?'))
    else if (service === 'http') stream.respond({ ':status': 404 }, { endStream: true })
    else if (service === 'none') reply(stream, 12, 'unknown service %C3%A4')
    else reply(stream, 5, 'unknown service')
  })
  const probe = async (service: string, limits = SECOND) =>
    probeGrpc({ host: HOST, port: await server, service }, limits)

  const rows: [service: string, finding: ProbeFinding][] = [
    ['', SUCCESS],
    ['down', failure('service unhealthy (responded with "NOT_SERVING")')],
    ['other', failure('error: health rpc probe failed: rpc error: code = NotFound desc = unknown service')],
    [
      'none',
      failure(
        'error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unknown service ä',
      ),
    ],
    [
      'http',
      failure(
        'error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unexpected HTTP status code received from server: 404',
      ),
    ],
    ['garbage', failure('error: health rpc probe failed: the answer is no HealthCheckResponse')],
  ]
  for (const [service, finding] of rows) {
    it(`service "${service}"`, async () => assert.deepEqual(await probe(service), finding))
  }

  it('a server that does not answer', async () => {
    assert.deepEqual(await probe('silent', SOON), failure('timeout: health rpc did not complete within 0.15s'))
  })

  it('nobody listens; one who speaks something else; one who says nothing', async () => {
    const closed = await closedPort()
    const http = await listen(createServer((_request, response) => response.end()))
    const mute = await listen(createTcpServer(() => undefined))
    for (const port of [closed, http, mute]) {
      assert.deepEqual(
        await probeGrpc({ host: HOST, port, service: '' }, SOON),
        failure(`timeout: failed to connect service "${HOST}:${port}" within 0.15s: context deadline exceeded`),
      )
    }
  })

  it('asks again until the time is over: a server that comes late is found', async () => {
    const port = await closedPort()
    const found = probeGrpc({ host: HOST, port, service: '' }, { ...SECOND, timeoutSeconds: 10 })
    const late = createHttp2Server()
    late.on('stream', (stream: ServerHttp2Stream) => reply(stream, 0, '', status(1)))
    closers.push(() => late.close())
    await new Promise<void>((resolve) => late.listen(port, HOST, resolve))
    assert.deepEqual(await found, { is: 'success' })
  })

  it('a deletion ends it while it waits', async () => {
    const stop = new AbortController()
    const found = probeGrpc(
      { host: HOST, port: await closedPort(), service: '' },
      { timeoutSeconds: 60, signal: stop.signal },
    )
    stop.abort()
    assert.equal((await found).is, 'error')
  })
})
