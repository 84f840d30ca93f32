import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PODS_PATH, type Reply, TestServer } from '../test-server.ts'

const MERGE = { 'content-type': 'application/merge-patch+json' }
const MAPS_PATH = '/api/v1/namespaces/default/configmaps'

function refusedWith(reply: Reply, code: number, message: string): void {
  assert.deepEqual([reply.code, reply.json.message], [code, message], reply.text)
}

async function createMap(server: TestServer, name: string, metadata: object = {}): Promise<Reply> {
  const reply = await server.send('POST', MAPS_PATH, { body: { metadata: { name, ...metadata } } })
  assert.equal(reply.code, 201, reply.text)
  return reply
}

const names = (reply: Reply): unknown[] | undefined => reply.json.items?.map((item) => item.metadata.name)

describe('an object with finalizers', () => {
  it('is marked, stays, and goes with the last of them', async () => {
    await using server = await TestServer.open()
    await createMap(server, 'a', { finalizers: ['x.io/one', 'x.io/two'] })
    const marked = await server.send('DELETE', `${MAPS_PATH}/a`)
    assert.deepEqual([marked.code, marked.json.kind], [200, 'ConfigMap'])
    assert.equal(marked.json.metadata?.['deletionTimestamp'], '2026-01-02T03:04:05Z')
    assert.equal(marked.json.metadata['deletionGracePeriodSeconds'], 0)
    server.nowMs += 5_000
    const again = await server.send('DELETE', `${MAPS_PATH}/a`)
    assert.deepEqual(again.json.metadata, marked.json.metadata)
    const patch = (finalizers: readonly string[] | null): Promise<Reply> =>
      server.send('PATCH', `${MAPS_PATH}/a`, { body: { metadata: { finalizers } }, headers: MERGE })
    assert.equal((await patch(['x.io/two'])).code, 200)
    assert.equal((await server.get(`${MAPS_PATH}/a`)).code, 200)
    const last = await patch(null)
    assert.deepEqual([last.code, last.json.metadata?.['finalizers']], [200, undefined])
    assert.equal((await server.get(`${MAPS_PATH}/a`)).code, 404)
  })

  it('that is a pod is taken down first, and a forced deletion does not take it away', async () => {
    await using server = await TestServer.open()
    const pod = await server.createPod('web')
    const held = await server.send('PATCH', `${PODS_PATH}/web`, {
      body: { metadata: { finalizers: ['x.io/one'] } },
      headers: MERGE,
    })
    assert.equal(held.code, 200, held.text)
    const graceful = await server.send('DELETE', `${PODS_PATH}/web`)
    assert.equal(graceful.json.metadata?.['deletionGracePeriodSeconds'], 30)
    const forced = await server.send('DELETE', `${PODS_PATH}/web?gracePeriodSeconds=0`)
    assert.equal(forced.json.metadata?.['deletionGracePeriodSeconds'], 0)
    assert.equal((await server.get(`${PODS_PATH}/web`)).json.metadata?.['uid'], pod.metadata.uid)
    await server.send('PATCH', `${PODS_PATH}/web`, { body: { metadata: { finalizers: null } }, headers: MERGE })
    assert.equal((await server.get(`${PODS_PATH}/web`)).code, 404)
  })
})

describe('the options of a deletion', () => {
  it('say by finalizers what becomes of dependents', async () => {
    await using server = await TestServer.open()
    const cases: [options: object, finalizers: unknown][] = [
      [{ propagationPolicy: 'Foreground' }, ['foregroundDeletion']],
      [{ propagationPolicy: 'Orphan' }, ['orphan']],
      [{ orphanDependents: true }, ['orphan']],
      [{ propagationPolicy: 'Background' }, undefined],
      [{ orphanDependents: false }, undefined],
      [{}, undefined],
    ]
    for (const [options, finalizers] of cases) {
      await createMap(server, 'a')
      const { json } = await server.send('DELETE', `${MAPS_PATH}/a`, { body: options })
      assert.deepEqual(json.metadata?.['finalizers'], finalizers, JSON.stringify(options))
      if (finalizers === undefined) continue
      // Changing one's mind lets it go.
      await server.send('DELETE', `${MAPS_PATH}/a`, { body: { propagationPolicy: 'Background' } })
      assert.equal((await server.get(`${MAPS_PATH}/a`)).code, 404)
    }
  })

  it('are heard in the query where there is no body', async () => {
    await using server = await TestServer.open()
    await createMap(server, 'a')
    assert.equal((await server.send('DELETE', `${MAPS_PATH}/a?dryRun=All`)).code, 200)
    const { json } = await server.send('DELETE', `${MAPS_PATH}/a?propagationPolicy=Foreground`)
    assert.deepEqual(json.metadata?.['finalizers'], ['foregroundDeletion'])
  })

  it('are refused in the words of Kubernetes', async () => {
    await using server = await TestServer.open()
    await createMap(server, 'a')
    const invalid = (what: string): string => `DeleteOptions.meta.k8s.io "" is invalid: ${what}`
    const cases: [options: object, code: number, message: string][] = [
      [
        { propagationPolicy: 'Backwards' },
        422,
        invalid(
          'propagationPolicy: Unsupported value: "Backwards": supported values: "Foreground", "Background", "Orphan", "nil"',
        ),
      ],
      [
        { propagationPolicy: 'Orphan', orphanDependents: true },
        422,
        invalid(
          'propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
        ),
      ],
      [{ kind: 'Pod' }, 400, 'decoded object cannot be converted to DeleteOptions'],
    ]
    for (const [options, code, message] of cases) {
      refusedWith(await server.send('DELETE', `${MAPS_PATH}/a`, { body: options }), code, message)
    }
    const kubectl = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background', unheardOf: 1 }
    const gone = await server.send('DELETE', `${MAPS_PATH}/a`, { body: kubectl })
    assert.deepEqual([gone.json.kind, gone.json.status], ['Status', 'Success'])
  })

  it('less than no grace is as little as there is', async () => {
    await using server = await TestServer.open()
    await server.createPod('web')
    const { json } = await server.send('DELETE', `${PODS_PATH}/web`, { body: { gracePeriodSeconds: -1 } })
    assert.equal(json.metadata?.['deletionGracePeriodSeconds'], 1)
  })
})

describe('deletion of a collection', () => {
  it('goes page by page, with the selectors of a list', async () => {
    await using server = await TestServer.open()
    for (const name of ['a', 'b', 'c']) await createMap(server, name, { labels: { app: 'x' } })
    await createMap(server, 'other')
    const first = await server.send('DELETE', `${MAPS_PATH}?labelSelector=app%3Dx&limit=2`)
    assert.deepEqual(names(first), ['a', 'b'])
    const token = String(first.json.metadata?.['continue'])
    const rest = await server.send('DELETE', `${MAPS_PATH}?labelSelector=app%3Dx&limit=2&continue=${token}`)
    assert.deepEqual(names(rest), ['c'])
    assert.deepEqual(names(await server.get(MAPS_PATH)), ['other'])
  })
})

describe('eviction', () => {
  it('deletes the pod as its options say', async () => {
    await using server = await TestServer.open()
    await server.createPod('web')
    const evict = (body: object): Promise<Reply> => server.send('POST', `${PODS_PATH}/web/eviction`, { body })
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'web', namespace: 'default' } }
    refusedWith(
      await evict({ ...eviction, metadata: { name: 'other' } }),
      400,
      'name in URL does not match name in Eviction object',
    )
    const dry = await evict({ ...eviction, deleteOptions: { dryRun: ['All'] } })
    assert.equal(dry.code, 201)
    assert.equal((await server.get(`${PODS_PATH}/web`)).json.metadata?.['deletionTimestamp'], undefined)
    const reply = await evict({ ...eviction, deleteOptions: { gracePeriodSeconds: 7 } })
    assert.deepEqual([reply.code, reply.json.kind, reply.json.status], [201, 'Status', 'Success'])
    assert.equal((await server.get(`${PODS_PATH}/web`)).json.metadata?.['deletionGracePeriodSeconds'], 7)
    refusedWith(await server.send('POST', `${PODS_PATH}/no/eviction`, { body: {} }), 404, 'pods "no" not found')
  })
})

describe('deletion of a namespace', () => {
  const MINE = '/api/v1/namespaces/mine'

  it('begins with its phase; nothing more comes in; its finalizers hold it', async () => {
    await using server = await TestServer.open()
    await server.send('POST', '/api/v1/namespaces', { body: { metadata: { name: 'mine' } } })
    const reply = await server.send('DELETE', MINE)
    assert.deepEqual(
      [reply.code, reply.json.kind, reply.json.status, reply.json.metadata?.['deletionTimestamp']],
      [200, 'Namespace', { phase: 'Terminating' }, '2026-01-02T03:04:05Z'],
    )
    const refused = await server.send('POST', `${MINE}/configmaps`, { body: { metadata: { name: 'late' } } })
    refusedWith(
      refused,
      403,
      'configmaps "late" is forbidden: unable to create new content in namespace mine because it is being terminated',
    )
    assert.deepEqual((refused.json as { details?: unknown }).details, {
      name: 'late',
      kind: 'configmaps',
      causes: [
        { reason: 'NamespaceTerminating', message: 'namespace mine is being terminated', field: 'metadata.namespace' },
      ],
    })
    const again = await server.send('DELETE', MINE)
    assert.deepEqual([again.code, again.json.metadata], [200, reply.json.metadata])
    const finalized = await server.send('PUT', `${MINE}/finalize`, {
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'mine' }, spec: { finalizers: [] } },
    })
    assert.deepEqual([finalized.code, finalized.json.kind], [200, 'Namespace'])
    assert.equal((await server.get(MINE)).code, 404)
  })

  it('is not for those that every cluster has', async () => {
    await using server = await TestServer.open()
    refusedWith(
      await server.send('DELETE', '/api/v1/namespaces/kube-system'),
      403,
      'namespaces "kube-system" is forbidden: this namespace may not be deleted',
    )
    assert.equal((await server.send('DELETE', '/api/v1/namespaces')).code, 405)
  })
})
