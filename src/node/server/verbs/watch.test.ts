import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import type { Pod } from '../../../kube/api/pod.ts'
import { openMemoryStore } from '../../store/memory-store.ts'
import { CONFIG_MAPS, type Namespace, NAMESPACES, PODS } from '../../store/resources.ts'
import { PODS_PATH, TestServer, type WatchLine } from '../test-server.ts'

const inShort = ({ type, object }: WatchLine): string =>
  `${type} ${object.metadata.name} ${object.metadata.resourceVersion ?? ''}`

/** The first events of a watch, in short. */
async function take(events: AsyncIterable<WatchLine>, count: number): Promise<string[]> {
  const taken: string[] = []
  for await (const event of events) {
    taken.push(inShort(event))
    if (taken.length === count) break
  }
  return taken
}

const labelled =
  (app: string) =>
  (pod: Pod): Pod => ({ ...pod, metadata: { ...pod.metadata, labels: { app } } })

let serial = 0
const relabelled = (namespace: Namespace): Namespace => ({
  ...namespace,
  metadata: { ...namespace.metadata, annotations: { serial: String(++serial) } },
})

describe('watch', () => {
  it('from a version tells what happened and what happens, each event at once', async () => {
    await using server = await TestServer.open()
    await server.createPod('a')
    const events = server.watch(`${PODS_PATH}?watch=true&resourceVersion=4`)
    const next = async (): Promise<string> => inShort((await events.next()).value ?? assert.fail('the watch ended'))
    assert.equal(await next(), 'ADDED a 5')
    const coming = next()
    await server.createPod('b')
    assert.equal(await coming, 'ADDED b 6')
    await server.send('DELETE', `${PODS_PATH}/a`)
    assert.equal(await next(), 'MODIFIED a 7')
    await server.send('DELETE', `${PODS_PATH}/a?gracePeriodSeconds=0`)
    assert.equal(await next(), 'DELETED a 8')
    await events.return()
  })

  it('without a version begins with what there is', async () => {
    await using server = await TestServer.open()
    await server.createPod('a')
    await server.createPod('b')
    for (const query of ['watch=1', 'watch=true&resourceVersion=0', 'watch=true&resourceVersion=0&timeoutSeconds=5']) {
      assert.deepEqual(await take(server.watch(`${PODS_PATH}?${query}`), 2), ['ADDED a 5', 'ADDED b 6'])
    }
  })

  it('that asks for initial events gets them and then a bookmark that says so', async () => {
    await using server = await TestServer.open()
    await server.createPod('a')
    const query = 'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
    const events = server.watch(`${PODS_PATH}?${query}`)
    assert.equal(inShort((await events.next()).value ?? assert.fail()), 'ADDED a 5')
    const bookmark = (await events.next()).value ?? assert.fail()
    assert.equal(bookmark.type, 'BOOKMARK')
    const annotations = { 'k8s.io/initial-events-end': 'true' }
    assert.deepEqual(bookmark.object, {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { resourceVersion: '5', annotations },
    })
    await events.return()
  })

  it('with a selector sees objects come and go', async () => {
    await using server = await TestServer.open()
    await server.createPod('a')
    const events = server.watch(`${PODS_PATH}?watch=true&resourceVersion=5&labelSelector=app%3Dx`)
    for (const app of ['x', 'y', 'x'])
      await server.store.modify(PODS, { namespace: 'default', name: 'a' }, labelled(app))
    assert.deepEqual(await take(events, 3), ['ADDED a 6', 'DELETED a 7', 'ADDED a 8'])
  })

  it('ends after its timeout, whole', async () => {
    await using server = await TestServer.open()
    const reply = await server.get(`${PODS_PATH}?watch=true&resourceVersion=4&timeoutSeconds=1`)
    assert.deepEqual([reply.code, reply.text], [200, ''])
  })

  it('says how far it has come, however busy other resources are', async () => {
    await using server = await TestServer.open({ bookmarkEveryMs: 20 })
    await server.createPod('a')
    const events = server.watch(`${PODS_PATH}?watch=true&resourceVersion=5&allowWatchBookmarks=true`)
    const bookmark = events.next()
    const busy = setInterval(() => void server.store.modify(NAMESPACES, { name: 'default' }, relabelled), 5)
    try {
      const { type, object } = (await bookmark).value ?? assert.fail()
      assert.equal(type, 'BOOKMARK')
      assert.ok(Number(object.metadata.resourceVersion) > 5)
    } finally {
      clearInterval(busy)
      await events.return()
    }
  })

  it('refuses parameters that do not go together, in the words of Kubernetes', async () => {
    await using server = await TestServer.open()
    const invalid = (what: string): string => `ListOptions.meta.k8s.io "" is invalid: ${what}`
    const cases: [query: string, message: string][] = [
      [
        'sendInitialEvents=true',
        invalid(
          'resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
        ),
      ],
      [
        'resourceVersionMatch=NotOlderThan&resourceVersion=1',
        invalid(
          'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
        ),
      ],
      [
        'sendInitialEvents=true&resourceVersionMatch=Exact',
        invalid(
          '[resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan, ' +
            'resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"]',
        ),
      ],
    ]
    for (const [query, message] of cases) {
      const { code, json } = await server.get(`${PODS_PATH}?watch=true&${query}`)
      assert.deepEqual([code, json.message], [422, message], query)
    }
    const future = await server.get(
      `${PODS_PATH}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=999`,
    )
    assert.deepEqual([future.code, future.json.message], [504, 'Timeout: Too large resource version: 999, current: 4'])
  })

  it('from a version that is forgotten or never was is told 410 in an event', async () => {
    await using server = await TestServer.open({ store: openMemoryStore({ keepChanges: 2 }) })
    for (const name of ['a', 'b', 'c']) await server.createPod(name)
    for (const version of ['1', '999']) {
      const events = server.watch(`${PODS_PATH}?watch=true&resourceVersion=${version}`)
      const { type, object } = (await events.next()).value ?? assert.fail()
      assert.deepEqual([type, object.kind, object.code], ['ERROR', 'Status', 410])
      assert.match(object.message ?? '', new RegExp(`^too old resource version: ${version} `))
      assert.equal((await events.next()).done, true)
    }
  })

  it('100 watches see 1,000 updates, each of them, in order', async () => {
    await using server = await TestServer.open()
    const path = '/api/v1/namespaces/default/configmaps'
    const key = { namespace: 'default', name: 'a' }
    await server.send('POST', path, { body: { metadata: { name: 'a' } } })
    const from = Number(server.store.resourceVersion)
    const seen = Array.from({ length: 100 }, async () => {
      const answer = await server.begin('GET', `${path}?watch=true&resourceVersion=${from}`)
      const chunks: Buffer[] = []
      let lines = 0
      for await (const chunk of answer as AsyncIterable<Buffer>) {
        chunks.push(chunk)
        for (let at = chunk.indexOf('\n'); at !== -1; at = chunk.indexOf('\n', at + 1)) lines++
        if (lines >= 1_000) break
      }
      return Buffer.concat(chunks).toString()
    })
    const write = (update: number): Promise<unknown> =>
      server.store.modify(CONFIG_MAPS, key, (map) => ({ ...map, data: { update: String(update) } }))
    for (let first = 0; first < 1_000; first += 20) {
      await Promise.all(Array.from({ length: 20 }, (_, index) => write(first + index)))
    }
    const expected = Array.from({ length: 1_000 }, (_, index) => `MODIFIED ${from + 1 + index} ${index}`).join()
    for (const text of await Promise.all(seen)) {
      const events = text.matchAll(/"type":"(\w+)".*?"resourceVersion":"(\d+)".*?"update":"(\d+)"/g)
      assert.equal([...events].map(([, ...parts]) => parts.join(' ')).join(), expected)
    }
  })

  it('of a client that reads nothing holds nobody up', async () => {
    await using server = await TestServer.open()
    await server.createPod('a')
    const lazy = connect(server.socketPath).pause()
    lazy.write(`GET ${PODS_PATH}?watch=true&resourceVersion=5 HTTP/1.1\r\nhost: x\r\n\r\n`)
    const busy = take(server.watch(`${PODS_PATH}?watch=true&resourceVersion=5`), 100)
    for (let index = 0; index < 100; index++) {
      await server.store.modify(PODS, { namespace: 'default', name: 'a' }, labelled(String(index).padEnd(10_000, '.')))
    }
    assert.equal((await busy).length, 100)
    lazy.destroy()
  })

  it('ends when the server closes, and the server closes though it is there', async () => {
    await using server = await TestServer.open()
    const events = server.watch(`${PODS_PATH}?watch=true`)
    await server.createPod('a')
    await events.next()
    const ended = events.next()
    await server.close()
    assert.equal((await ended).done, true)
  })
})
