import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientRequest, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES } from '../store/resources.ts'
import { PODS_PATH, type Reply, TestServer } from './test-server.ts'

const RBAC = 'rbac.authorization.k8s.io'
const FEW = { requests: { reading: 2, changing: 2, lasting: 2 } }

/** jane and joe may do everything, but are nobody's masters. */
async function openFor(options: Parameters<typeof TestServer.open>[0]): Promise<TestServer> {
  const server = await TestServer.open(options)
  await server.store.create(CLUSTER_ROLES, {
    ...{ apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata: { name: 'all' } },
    rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
  })
  await server.store.create(CLUSTER_ROLE_BINDINGS, {
    ...{ apiVersion: `${RBAC}/v1`, kind: 'ClusterRoleBinding', metadata: { name: 'all' } },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'all' },
    subjects: ['jane', 'joe'].map((name) => ({ apiGroup: RBAC, kind: 'User', name })),
  })
  return server
}

describe('a user has only so many requests under way', () => {
  it('of those that change something; others do not feel it', async () => {
    await using server = await openFor({ limits: FEW })
    const body = { metadata: { name: 'a' }, data: {} }
    const create = (user: string): Promise<Reply> =>
      server.send('POST', '/api/v1/namespaces/default/configmaps?dryRun=All', { body, headers: as(user) })
    const held = [1, 2].map(() => beginBody(server, 'jane'))
    await refused(() => create('jane'))
    const { headers, json } = await create('jane')
    assert.equal(headers['retry-after'], '1')
    assert.deepEqual(json, {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'Too many requests, please try again later.',
      reason: 'TooManyRequests',
      details: { retryAfterSeconds: 1 },
      code: 429,
    })
    assert.equal((await server.get(PODS_PATH, as('jane'))).code, 200, 'reading is counted by itself')
    assert.equal((await create('joe')).code, 201)
    assert.equal((await create('')).code, 201, 'an administrator always gets an answer')
    for (const each of held) each.destroy()
    await until(async () => (await create('jane')).code === 201)
  })

  it('of watches, which do not count as reading', async () => {
    await using server = await openFor({ limits: FEW })
    const watches = [1, 2].map(() => server.begin('GET', `${PODS_PATH}?watch=true`, { headers: as('jane') }))
    const [first] = await Promise.all(watches)
    const third = (): Promise<Reply> => server.get(`${PODS_PATH}?watch=true&timeoutSeconds=1`, as('jane'))
    assert.equal((await third()).code, 429)
    for (let count = 0; count < 5; count++) assert.equal((await server.get(PODS_PATH, as('jane'))).code, 200)
    first?.destroy()
    await until(async () => {
      const answer = await server.begin('GET', `${PODS_PATH}?watch=true`, { headers: as('jane') })
      answer.destroy()
      return answer.statusCode === 200
    })
  })
})

describe('a broken client holds nobody up', () => {
  const SOON = { limits: { headersTimeout: 200, requestTimeout: 300, connectionsCheckingInterval: 20 } }
  const HEAD = 'GET /version HTTP/1.1\r\nhost: x\r\n'

  it('one that never sends the rest of its head, or of its body, is told so and dropped', async () => {
    await using server = await TestServer.open(SOON)
    const post = `POST ${PODS_PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{`
    for (const begun of [HEAD, post]) {
      const client = connect(server.socketPath)
      client.write(begun)
      const said = text(client)
      assert.equal((await server.get('/version')).code, 200)
      assert.match(await said, /^HTTP\/1\.1 408 Request Timeout\r\n/)
    }
  })

  it('one whose head is too large is told so', async () => {
    await using server = await TestServer.open()
    const said = await exchange(server, `${HEAD}x: ${'y'.repeat(20_000)}\r\n\r\n`)
    assert.match(said, /^HTTP\/1\.1 431 /)
    assert.equal((await server.get('/version')).code, 200)
  })

  it('one that sends garbage after a request has that answered', async () => {
    await using server = await TestServer.open()
    const said = await exchange(server, `${HEAD}\r\nGARBAGE \0\x01\r\n\r\n`)
    assert.match(said, /^HTTP\/1\.1 (200 OK[^]*HTTP\/1\.1 )?400 Bad Request\r\n/)
    for (const garbage of [
      '\x16\x03\x01',
      'GET\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      '\r\n'.repeat(5) + 'x y z\r\n\r\n',
    ]) {
      assert.match(await exchange(server, garbage), /^HTTP\/1\.1 400 /)
    }
    assert.equal((await server.get('/version')).code, 200)
  })

  it('one that asks a thousand times at once and reads nothing takes no memory for its answers', async () => {
    await using server = await TestServer.open({ stalledClientMs: 300 })
    const annotations = { big: 'x'.repeat(200_000) }
    for (let count = 0; count < 5; count++) {
      const body = { metadata: { name: `c${count}`, annotations } }
      assert.equal((await server.send('POST', '/api/v1/namespaces/default/configmaps', { body })).code, 201)
    }
    const list = 'GET /api/v1/namespaces/default/configmaps HTTP/1.1\r\nhost: x\r\n\r\n'
    const before = process.memoryUsage().rss
    const client = connect(server.socketPath)
    client.on('error', () => undefined)
    client.pause()
    client.write(list.repeat(1_000))
    const closed = once(client, 'close')
    for (let count = 0; count < 20; count++) assert.equal((await server.get('/version')).code, 200)
    const grownMb = (process.memoryUsage().rss - before) / 2 ** 20
    assert.ok(grownMb < 100, `the server grew by ${grownMb} MB for answers of 1,000 MB`)
    client.resume()
    client.destroy()
    await closed
  })
})

function as(user: string): Record<string, string> {
  return user === '' ? {} : { 'impersonate-user': user }
}

/** A request whose body does not come. */
function beginBody(server: TestServer, user: string): ClientRequest {
  const headers = { ...as(user), 'content-type': 'application/json', 'content-length': 1_000 }
  const path = '/api/v1/namespaces/default/configmaps'
  const outgoing = request({ socketPath: server.socketPath, method: 'POST', path, headers, agent: false })
  outgoing.on('error', () => undefined)
  outgoing.write('{')
  return outgoing
}

function refused(send: () => Promise<Reply>): Promise<void> {
  return until(async () => (await send()).code === 429)
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const limitAtMs = Date.now() + 5_000
  while (!(await isSo())) if (Date.now() > limitAtMs) throw new Error('it did not come to that within 5 s')
}

function exchange(server: TestServer, bytes: string): Promise<string> {
  const client: Socket = connect(server.socketPath)
  client.end(bytes)
  return text(client)
}
