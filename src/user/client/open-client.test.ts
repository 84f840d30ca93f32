import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../failure.ts'
import { FakeApiServer, sendStatus } from './fake-api-server.ts'
import { openEndpoint } from './endpoint.ts'
import { openClient } from './open-client.ts'
import { EVENTS, PODS } from './resource-type.ts'
import type { ObjectChange } from './watch-objects.ts'

const POD = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'default' }, spec: {} }

function failure(reason: string, message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof Failure)
    assert.equal(error.reason, reason)
    assert.match(error.message, message)
    return true
  }
}

/** The next changes, as `TYPE name@version`. */
async function take(changes: AsyncIterator<ObjectChange<{ metadata: { name: string } }>>, count: number) {
  const taken: string[] = []
  while (taken.length < count) {
    const next = await changes.next()
    if (next.done === true) break
    taken.push(`${next.value.type} ${next.value.object.metadata.name}`)
  }
  return taken
}

describe('openClient', () => {
  it('creates, gets, lists and deletes', async () => {
    await using server = await FakeApiServer.open()
    const client = openClient(server.endpoint)
    const created = await client.create(PODS, POD)
    assert.equal(created.metadata.uid, 'uid-of-web')
    assert.deepEqual(await client.get(PODS, { namespace: 'default', name: 'web' }), created)
    assert.deepEqual((await client.list(PODS)).items, [created])
    await client.delete(PODS, { namespace: 'default', name: 'web' }, { gracePeriodSeconds: 3 })
    assert.deepEqual(server.deletions, [{ name: 'web', gracePeriodSeconds: 3 }])
    assert.deepEqual(server.requests, [
      'POST /api/v1/namespaces/default/pods',
      'GET /api/v1/namespaces/default/pods/web',
      'GET /api/v1/pods',
      'DELETE /api/v1/namespaces/default/pods/web',
    ])
    client.close()
  })

  it("fails with the server's reason, and says what was wanted", async () => {
    await using server = await FakeApiServer.open()
    const client = openClient(server.endpoint)
    server.put('pods', POD)
    await assert.rejects(
      client.create(PODS, POD),
      failure('AlreadyExists', /^create pod "web": the API server answered: pods "web" already exists$/),
    )
    await assert.rejects(
      client.get(PODS, { namespace: 'default', name: 'nope' }),
      failure('NotFound', /^get pod "nope"/),
    )
    client.close()
  })

  it('an answer that is no Status still gives a reason', async () => {
    await using server = await FakeApiServer.open()
    const client = openClient(server.endpoint)
    server.answers.push((_request, response) => (response.writeHead(503).end('down for tea'), true))
    await assert.rejects(client.list(PODS), failure('ServiceUnavailable', /down for tea$/))
    server.answers.push((_request, response) => (response.writeHead(200).end('<html>'), true))
    await assert.rejects(client.list(PODS), failure('InternalError', /^list pods: the API server's answer is not JSON/))
    client.close()
  })

  const PATCHES: [type: 'json' | 'merge' | 'strategic' | 'apply', contentType: string, query: string][] = [
    ['json', 'application/json-patch+json', '?dryRun=All'],
    ['merge', 'application/merge-patch+json', '?dryRun=All'],
    ['strategic', 'application/strategic-merge-patch+json', '?dryRun=All'],
    ['apply', 'application/apply-patch+yaml', '?fieldManager=peapod&dryRun=All'],
  ]
  for (const [type, contentType, query] of PATCHES) {
    it(`sends a patch of type ${type} as ${contentType}`, async () => {
      await using server = await FakeApiServer.open()
      const client = openClient(server.endpoint)
      let sent: string | undefined
      server.intercept = (request, response) => {
        sent = request.headers['content-type']
        response.writeHead(200).end(JSON.stringify(POD))
        return true
      }
      const name = { namespace: 'default', name: 'web', subresource: 'status' }
      assert.deepEqual(await client.patch(PODS, { ...name, body: [] }, { type, dryRun: 'All' }), POD)
      assert.equal(sent, contentType)
      assert.deepEqual(server.requests, [`PATCH /api/v1/namespaces/default/pods/web/status${query}`])
      client.close()
    })
  }

  it('replaces an object as a whole, and hears what the server warns of', async () => {
    await using server = await FakeApiServer.open()
    const endpoint = openEndpoint(server.endpoint)
    const warnings: string[] = []
    endpoint.onWarning = (sentence) => void warnings.push(sentence)
    const client = openClient(endpoint)
    server.intercept = (_request, response) => {
      response.setHeader('warning', ['299 - "unknown field \\"spec.x\\""', '299 - "duplicate port"'])
      response.writeHead(200).end(JSON.stringify(POD))
      return true
    }
    assert.deepEqual(await client.update(PODS, POD, { fieldManager: 'me' }), POD)
    assert.deepEqual(server.requests, ['PUT /api/v1/namespaces/default/pods/web?fieldManager=me'])
    assert.deepEqual(warnings, ['unknown field "spec.x"', 'duplicate port'])
    client.close()
  })

  it('reads tables page by page', async () => {
    await using server = await FakeApiServer.open()
    const client = openClient(server.endpoint)
    server.intercept = (request, response) => {
      const isFirst = request.url?.includes('continue') !== true
      const page = isFirst
        ? {
            columnDefinitions: [{ name: 'Name', priority: 0 }],
            rows: [{ cells: ['a'], object: { metadata: { name: 'a' } } }],
            metadata: { resourceVersion: '7', continue: 'more' },
          }
        : { columnDefinitions: null, rows: null, metadata: { resourceVersion: '7' } }
      response.writeHead(200).end(JSON.stringify(page))
      return true
    }
    const { columns, rows, metadata } = await client.table(PODS, { namespace: 'default' })
    assert.deepEqual([columns.length, rows.map(({ cells }) => cells), metadata], [1, [['a']], { resourceVersion: '7' }])
    assert.equal(server.requests.length, 2)
    client.close()
  })

  it('a server that is not there is named by its socket', async () => {
    const client = openClient({ socketPath: '/nowhere/api.sock' })
    await assert.rejects(client.list(PODS), failure('ServiceUnavailable', /"\/nowhere\/api\.sock": .*ENOENT/))
  })
})

describe('watch', () => {
  it('tells what is there first, then every change, and ends with its signal', async () => {
    await using server = await FakeApiServer.open()
    const client = openClient(server.endpoint)
    server.put('pods', POD)
    const end = new AbortController()
    const changes = client.watch(PODS, { signal: end.signal })[Symbol.asyncIterator]()
    assert.deepEqual(await take(changes, 1), ['ADDED web'])
    const next = take(changes, 2)
    server.put('pods', POD)
    server.remove('pods', 'web')
    assert.deepEqual(await next, ['MODIFIED web', 'DELETED web'])
    const last = take(changes, 1)
    end.abort()
    assert.deepEqual(await last, [])
    client.close()
  })

  it('a watch that the server closes goes on where it stood', async () => {
    await using server = await FakeApiServer.open()
    const client = openClient(server.endpoint)
    const end = new AbortController()
    const { metadata } = server.put('events', { metadata: { name: 'one' } })
    const changes = client
      .watch(EVENTS, { resourceVersion: metadata.resourceVersion ?? '', signal: end.signal })
      [Symbol.asyncIterator]()
    const first = take(changes, 1)
    server.put('events', { metadata: { name: 'two' } })
    assert.deepEqual(await first, ['ADDED two'])
    server.closeWatches()
    server.put('events', { metadata: { name: 'three' } })
    assert.deepEqual(await take(changes, 1), ['ADDED three'])
    end.abort()
    client.close()
  })

  it('after 410 it lists, and tells the difference', async () => {
    await using server = await FakeApiServer.open()
    const client = openClient(server.endpoint)
    const end = new AbortController()
    for (const name of ['stays', 'changes', 'goes']) server.put('pods', { metadata: { name } })
    const changes = client.watch(PODS, { signal: end.signal })[Symbol.asyncIterator]()
    assert.deepEqual(await take(changes, 3), ['ADDED stays', 'ADDED changes', 'ADDED goes'])
    const next = take(changes, 3)
    server.closeWatches()
    await new Promise((resolve) => setImmediate(resolve))
    server.put('pods', { metadata: { name: 'changes' } })
    server.remove('pods', 'goes')
    server.put('pods', { metadata: { name: 'comes' } })
    server.compact()
    assert.deepEqual((await next).sort(), ['ADDED comes', 'DELETED goes', 'MODIFIED changes'])
    end.abort()
    client.close()
  })

  it('an answer that will not change ends it with the reason, after one request', async () => {
    await using server = await FakeApiServer.open()
    const client = openClient(server.endpoint)
    server.answers.push((_request, response) => (sendStatus(response, 403, 'Forbidden', 'no'), true))
    const changes = client.watch(PODS, { signal: new AbortController().signal })[Symbol.asyncIterator]()
    await assert.rejects(changes.next(), failure('Forbidden', /no$/))
    assert.equal(server.requests.length, 1)
    client.close()
  })
})
