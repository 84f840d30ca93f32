import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Pod } from '../../../kube/api/pod.ts'
import { PODS } from '../../store/resources.ts'
import { without } from '../kinds/prepare-object.ts'
import { PODS_PATH, type Reply, TestServer } from '../test-server.ts'

const MERGE = { 'content-type': 'application/merge-patch+json' }
const web = { namespace: 'default', name: 'web' }

function refusedWith(reply: Reply, code: number, message: string | RegExp): void {
  assert.equal(reply.code, code, reply.text)
  const said = String(reply.json.message)
  if (typeof message === 'string') assert.equal(said, message)
  else assert.match(said, message)
}

const names = (reply: Reply): unknown[] | undefined => reply.json.items?.map((item) => item.metadata.name)

const isRunning = (pod: Pod): Pod => ({ ...pod, status: { phase: 'Running' } })

describe('create', () => {
  it('answers with the object as the server keeps it', async () => {
    await using server = await TestServer.open()
    const body = {
      metadata: { name: 'web', uid: 'mine', creationTimestamp: '2000-01-01T00:00:00Z', generation: 7 },
      spec: { containers: [{ name: 'app', image: 'busybox:1.36' }] },
      status: { phase: 'Running' },
    }
    const reply = await server.send('POST', PODS_PATH, { body })
    assert.equal(reply.code, 201)
    assert.equal(reply.headers['content-type'], 'application/json')
    assert.deepEqual(without(reply.json.metadata ?? {}, 'managedFields'), {
      name: 'web',
      namespace: 'default',
      uid: 'uid-5',
      resourceVersion: '5',
      creationTimestamp: '2026-01-02T03:04:05Z',
      generation: 1,
    })
    const stored = server.store.get(PODS, web)
    assert.deepEqual(reply.json, stored)
    assert.equal(stored?.status?.phase, 'Pending')
    assert.equal(stored.spec.nodeName, undefined)
    assert.equal(stored.spec.containers[0]?.imagePullPolicy, 'IfNotPresent')
  })

  it('makes a name from generateName, and another one when it is taken', async () => {
    const suffixes = ['bbbbb', 'bbbbb', 'ccccc']
    const ids = { uid: () => 'u', nameSuffix: () => suffixes.shift() ?? 'ddddd' }
    await using server = await TestServer.open({ ids })
    const body = { metadata: { generateName: 'web-' }, spec: { containers: [{ name: 'a', image: 'b' }] } }
    for (const name of ['web-bbbbb', 'web-ccccc']) {
      const { json } = await server.send('POST', PODS_PATH, { body })
      assert.equal(json.metadata?.['name'], name)
    }
  })

  it('refuses what is there, what is invalid, and what has a version', async () => {
    await using server = await TestServer.open()
    await server.createPod('web')
    const body = { metadata: { name: 'web' }, spec: { containers: [{ name: 'a', image: 'b' }] } }
    refusedWith(await server.send('POST', PODS_PATH, { body }), 409, 'pods "web" already exists')
    const versioned = { ...body, metadata: { name: 'x', resourceVersion: '1' } }
    refusedWith(
      await server.send('POST', PODS_PATH, { body: versioned }),
      400,
      'resourceVersion should not be set on objects to be created',
    )
    refusedWith(await server.send('POST', '/api/v1/pods', { body }), 405, /does not allow this method/)
    const notYet = { ...body, spec: { ...body.spec, hostPID: true } }
    refusedWith(await server.send('POST', PODS_PATH, { body: notYet }), 422, /spec\.hostPID: .*not carried out/)
  })

  it('does with unknown fields what the client asks for', async () => {
    await using server = await TestServer.open()
    const body = { metadata: { name: 'web' }, spec: { containers: [{ name: 'a', image: 'b', imag: 1 }], nope: {} } }
    refusedWith(
      await server.send('POST', `${PODS_PATH}?fieldValidation=Strict`, { body }),
      400,
      'Pod in version "v1" cannot be handled as a Pod: strict decoding error: ' +
        'unknown field "spec.containers[0].imag", unknown field "spec.nope"',
    )
    const ignored = await server.send('POST', `${PODS_PATH}?fieldValidation=Ignore&dryRun=All`, { body })
    assert.equal(ignored.code, 201)
    assert.equal(ignored.headers['warning'], undefined)
    const warned = await server.send('POST', PODS_PATH, { body })
    assert.equal(warned.code, 201)
    const warning = '299 - "unknown field \\"spec.containers[0].imag\\"", 299 - "unknown field \\"spec.nope\\""'
    assert.equal(warned.headers['warning'], warning)
    assert.equal('nope' in (server.store.get(PODS, web)?.spec ?? {}), false)
  })

  it('in a dry run stores nothing', async () => {
    await using server = await TestServer.open()
    const body = { metadata: { name: 'web' }, spec: { containers: [{ name: 'a', image: 'b' }] } }
    assert.equal((await server.send('POST', `${PODS_PATH}?dryRun=All`, { body })).code, 201)
    assert.equal(server.store.get(PODS, web), undefined)
  })

  it('keeps Events to the namespace of what they are about', async () => {
    await using server = await TestServer.open()
    const path = '/api/v1/namespaces/default/events'
    const event = { metadata: { name: 'e' }, involvedObject: { namespace: 'default', name: 'web' }, reason: 'Tested' }
    assert.equal((await server.send('POST', path, { body: event })).code, 201)
    const elsewhere = { ...event, involvedObject: { namespace: 'other' } }
    refusedWith(
      await server.send('POST', path, { body: elsewhere }),
      422,
      'Event "e" is invalid: involvedObject.namespace: Invalid value: "other": does not match event.namespace',
    )
  })
})

describe('get and list', () => {
  it('find one, all, and those that are selected', async () => {
    await using server = await TestServer.open()
    await server.send('POST', '/api/v1/namespaces', { body: { metadata: { name: 'other' } } })
    await server.createPod('b', { labels: { app: 'x' } })
    await server.createPod('a')
    const pod = { metadata: { name: 'z' }, spec: { containers: [{ name: 'a', image: 'b' }] } }
    await server.send('POST', '/api/v1/namespaces/other/pods', { body: pod })
    await server.store.modify(PODS, { namespace: 'default', name: 'a' }, isRunning)

    const one = await server.get(`${PODS_PATH}/b`)
    assert.equal(one.json.kind, 'Pod')
    const all = await server.get('/api/v1/pods')
    assert.deepEqual(names(all), ['a', 'b', 'z'])
    assert.deepEqual(
      [all.json.kind, all.json.apiVersion, all.json.metadata],
      ['PodList', 'v1', { resourceVersion: server.store.resourceVersion }],
    )
    const selections: [query: string, names: string[]][] = [
      ['labelSelector=app%3Dx', ['b']],
      ['labelSelector=!app', ['a', 'z']],
      ['fieldSelector=metadata.name%3Da', ['a']],
      ['fieldSelector=metadata.namespace!%3Ddefault', ['z']],
      ['fieldSelector=status.phase%3DPending', ['b', 'z']],
      ['fieldSelector=spec.nodeName%3Dtest-node,status.phase!%3DPending', ['a']],
      ['labelSelector=app&fieldSelector=metadata.name%3Da', []],
      ['resourceVersion=0', ['a', 'b', 'z']],
    ]
    for (const [query, expected] of selections) {
      assert.deepEqual(names(await server.get(`/api/v1/pods?${query}`)), expected, query)
    }
    assert.deepEqual(names(await server.get('/api/v1/namespaces/nowhere/pods')), [])
  })

  it('page by page show one state', async () => {
    await using server = await TestServer.open()
    for (const name of ['a', 'b', 'c', 'd', 'e']) await server.createPod(name)
    const first = await server.get(`${PODS_PATH}?limit=2`)
    const metadata = first.json.metadata ?? {}
    assert.equal(metadata['remainingItemCount'], 3)
    await server.store.delete(PODS, { namespace: 'default', name: 'd' })
    await server.createPod('f')
    const second = await server.get(`${PODS_PATH}?limit=2&continue=${String(metadata['continue'])}`)
    assert.deepEqual(
      [names(first), names(second)],
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    )
    const next = second.json.metadata ?? {}
    assert.equal(next['resourceVersion'], metadata['resourceVersion'])
    const third = await server.get(`${PODS_PATH}?limit=2&continue=${String(next['continue'])}`)
    assert.deepEqual(names(third), ['e'])
    assert.equal(third.json.metadata?.['continue'], undefined)
  })

  it('answer HEAD without a body', async () => {
    await using server = await TestServer.open()
    await server.createPod('web')
    const { code, text, headers } = await server.send('HEAD', `${PODS_PATH}/web`)
    assert.deepEqual([code, text], [200, ''])
    assert.ok(Number(headers['content-length']) > 100)
  })
})

describe('update and patch', () => {
  it('change labels, keep what is the server’s own, and refuse an old version', async () => {
    await using server = await TestServer.open()
    const pod = await server.createPod('web')
    const labelled = { ...pod, metadata: { ...pod.metadata, uid: pod.metadata.uid, labels: { a: 'b' }, generation: 9 } }
    const reply = await server.send('PUT', `${PODS_PATH}/web`, { body: labelled })
    assert.equal(reply.code, 200, reply.text)
    const { resourceVersion } = pod.metadata
    assert.deepEqual(without(reply.json.metadata ?? {}, 'managedFields'), {
      ...without(pod.metadata, 'managedFields'),
      labels: { a: 'b' },
      resourceVersion: '6',
    })
    assert.equal(resourceVersion, '5')
    refusedWith(
      await server.send('PUT', `${PODS_PATH}/web`, { body: labelled }),
      409,
      'Operation cannot be fulfilled on pods "web": the object has been modified; ' +
        'please apply your changes to the latest version and try again',
    )
    refusedWith(await server.send('PUT', `${PODS_PATH}/other`, { body: labelled }), 400, /does not match the name/)
    const renamed = { ...pod, metadata: { name: 'nope' } }
    refusedWith(await server.send('PUT', `${PODS_PATH}/nope`, { body: renamed }), 404, 'pods "nope" not found')
  })

  const specs: [rule: string, patch: object, code: number, message?: RegExp][] = [
    ['an image may change', { containers: [{ name: 'app', image: 'busybox:2' }] }, 200],
    ['a deadline may be set', { activeDeadlineSeconds: 10 }, 200],
    ['the grace period may not change', { terminationGracePeriodSeconds: 5 }, 422, /spec: Forbidden: pod updates may/],
    ['the node may not change', { nodeName: 'other' }, 422, /spec: Forbidden: pod updates may not change fields/],
    [
      'no container is added',
      {
        containers: [
          { name: 'app', image: 'busybox' },
          { name: 'b', image: 'b' },
        ],
      },
      422,
      /add or remove/,
    ],
    [
      'env may not change',
      { containers: [{ name: 'app', image: 'busybox', env: [{ name: 'A' }] }] },
      422,
      /spec: Forbidden/,
    ],
    ['a toleration may be added', { tolerations: [{ key: 'k', operator: 'Exists' }] }, 200],
    ['a wrong type is refused', { containers: 'x' }, 422, /patch: Invalid value: .* spec.containers: must be a list/],
  ]
  for (const [rule, spec, code, message] of specs) {
    it(`${rule} (C4)`, async () => {
      await using server = await TestServer.open()
      await server.createPod('web')
      const reply = await server.send('PATCH', `${PODS_PATH}/web`, { body: { spec }, headers: MERGE })
      assert.equal(reply.code, code, reply.text)
      if (message !== undefined) assert.match(String(reply.json.message), message)
      const generation = server.store.get(PODS, web)?.metadata.generation
      assert.equal(generation, code === 200 ? 2 : 1, 'a new spec is a new generation')
    })
  }

  it('a patch merges, removes with null, and neither renames nor takes another uid', async () => {
    await using server = await TestServer.open()
    await server.createPod('web', { labels: { a: '1', b: '2' } })
    const patch = (body: object): Promise<Reply> => server.send('PATCH', `${PODS_PATH}/web`, { body, headers: MERGE })
    assert.equal((await patch({ metadata: { labels: { a: null, c: '3' } } })).code, 200)
    assert.deepEqual(server.store.get(PODS, web)?.metadata.labels, { b: '2', c: '3' })
    refusedWith(
      await patch({ metadata: { uid: 'other' } }),
      422,
      'Pod "web" is invalid: metadata.uid: Invalid value: "other": field is immutable',
    )
    refusedWith(await patch({ metadata: { name: 'other' } }), 400, /does not match the name on the URL/)
    refusedWith(await patch({ metadata: { resourceVersion: '1' } }), 409, /the object has been modified/)
    assert.equal((await patch({ status: { phase: 'Failed' } })).code, 200)
    assert.equal(server.store.get(PODS, web)?.status?.phase, 'Pending', 'the status has its own door')
  })

  it('status is replaced and patched by its own path, and nothing else with it', async () => {
    await using server = await TestServer.open()
    const pod = await server.createPod('web')
    const running = { ...pod, metadata: { ...pod.metadata, labels: { x: 'y' } }, status: { phase: 'Running' } }
    assert.equal((await server.send('PUT', `${PODS_PATH}/web/status`, { body: running })).code, 200)
    const patch = { status: { podIP: '10.0.0.1' } }
    const reply = await server.send('PATCH', `${PODS_PATH}/web/status`, { body: patch, headers: MERGE })
    assert.deepEqual(reply.json.status, { phase: 'Running', podIP: '10.0.0.1' })
    assert.equal(server.store.get(PODS, web)?.metadata.labels, undefined)
    const wrong = { status: { phase: 7 } }
    refusedWith(
      await server.send('PATCH', `${PODS_PATH}/web/status`, { body: wrong, headers: MERGE }),
      422,
      /status\.phase: must be/,
    )
    assert.equal((await server.get(`${PODS_PATH}/web/status`)).code, 200)
    refusedWith(await server.send('DELETE', `${PODS_PATH}/web/status`), 405, /does not allow this method/)
  })

  it('many patches at once are all applied', async () => {
    await using server = await TestServer.open()
    await server.createPod('web')
    const patches = Array.from({ length: 30 }, (_, index) =>
      server.send('PATCH', `${PODS_PATH}/web`, {
        body: { metadata: { labels: { [`l${index}`]: 'x' } } },
        headers: MERGE,
      }),
    )
    assert.deepEqual(new Set((await Promise.all(patches)).map(({ code }) => code)), new Set([200]))
    assert.equal(Object.keys(server.store.get(PODS, web)?.metadata.labels ?? {}).length, 30)
  })
})

describe('delete', () => {
  it('marks a pod and leaves its removal to the node (H5, H10)', async () => {
    await using server = await TestServer.open()
    await server.createPod('web')
    const reply = await server.send('DELETE', `${PODS_PATH}/web`)
    assert.equal(reply.code, 200)
    const marked = server.store.get(PODS, web)?.metadata
    assert.equal(marked?.deletionTimestamp, '2026-01-02T03:04:35Z')
    assert.equal(marked.deletionGracePeriodSeconds, 30)
    assert.deepEqual(reply.json.metadata, marked)
    server.nowMs += 1_000
    await server.send('DELETE', `${PODS_PATH}/web?gracePeriodSeconds=5`)
    assert.equal(server.store.get(PODS, web)?.metadata.deletionTimestamp, '2026-01-02T03:04:10Z')
    await server.send('DELETE', `${PODS_PATH}/web`, { body: { gracePeriodSeconds: 60 } })
    assert.equal(server.store.get(PODS, web)?.metadata.deletionGracePeriodSeconds, 5)
  })

  it('with grace 0 that was asked for takes the object away at once (H9)', async () => {
    await using server = await TestServer.open()
    await server.createPod('web')
    const reply = await server.send('DELETE', `${PODS_PATH}/web`, { body: { gracePeriodSeconds: 0 } })
    assert.equal(reply.json.kind, 'Pod')
    assert.equal(server.store.get(PODS, web), undefined)
  })

  it('of a pod whose own grace period is 0 still waits for the node', async () => {
    await using server = await TestServer.open()
    await server.createPod('web', { spec: { terminationGracePeriodSeconds: 0 } })
    await server.send('DELETE', `${PODS_PATH}/web`)
    assert.equal(server.store.get(PODS, web)?.metadata.deletionGracePeriodSeconds, 0)
  })

  it('of a pod that no node has takes it away at once', async () => {
    await using server = await TestServer.open()
    const pod = await server.createPod('web')
    await server.store.update(PODS, { ...pod, spec: without(pod.spec, 'nodeName') })
    await server.send('DELETE', `${PODS_PATH}/web`)
    assert.equal(server.store.get(PODS, web), undefined)
  })

  it('holds to its preconditions', async () => {
    await using server = await TestServer.open()
    const { metadata } = await server.createPod('web')
    const remove = (preconditions: object): Promise<Reply> =>
      server.send('DELETE', `${PODS_PATH}/web`, { body: { gracePeriodSeconds: 0, preconditions } })
    refusedWith(
      await remove({ uid: 'other' }),
      409,
      'Operation cannot be fulfilled on Pod "web": the UID in the precondition (other) does not match the UID in ' +
        `record (${metadata.uid}). The object might have been deleted and then recreated`,
    )
    refusedWith(await remove({ resourceVersion: '1' }), 409, /ResourceVersion in the precondition \(1\) does not match/)
    refusedWith(await remove({ uid: 7 }), 400, /preconditions\.uid: wrong type/)
    assert.equal((await remove({ uid: metadata.uid })).code, 200)
  })

  it('of a collection deletes what is selected', async () => {
    await using server = await TestServer.open()
    await server.createPod('a', { labels: { app: 'x' } })
    await server.createPod('b', { labels: { app: 'x' } })
    await server.createPod('c')
    const reply = await server.send('DELETE', `${PODS_PATH}?labelSelector=app&gracePeriodSeconds=0`)
    assert.deepEqual(names(reply), ['a', 'b'])
    assert.deepEqual(names(await server.get(PODS_PATH)), ['c'])
    refusedWith(await server.send('DELETE', '/api/v1/namespaces'), 405, /does not allow this method/)
  })
})

describe('log', () => {
  it('streams the bytes of the one container, with the options of the query', async () => {
    await using server = await TestServer.open()
    await server.createPod('web')
    const reply = await server.get(
      `${PODS_PATH}/web/log?follow=true&previous=false&timestamps=1&tailLines=0&sinceSeconds=10`,
    )
    assert.deepEqual([reply.code, reply.headers['content-type'], reply.text], [200, 'text/plain', 'one\ntwo\nthree\n'])
    assert.deepEqual(without(server.logRequests[0] ?? {}, 'signal'), {
      container: 'app',
      follow: true,
      previous: false,
      timestamps: true,
      streamNames: false,
      tailLines: 0,
      sinceMs: server.nowMs - 10_000,
    })
    assert.equal((await server.get(`${PODS_PATH}/web/log?limitBytes=6`)).text, 'one\ntw')
    await server.get(`${PODS_PATH}/web/log?sinceTime=2026-01-01T00:00:00Z`)
    assert.equal(server.logRequests.at(-1)?.sinceMs, Date.parse('2026-01-01T00:00:00Z'))
  })

  it('tells one stream, or the stream of each line to a client that knows the type for it', async () => {
    await using server = await TestServer.open()
    await server.createPod('web')
    const streams: [query: string, stream: string | undefined][] = [
      ['', undefined],
      ['stream=All&tailLines=1', undefined],
      ['stream=Stdout', 'stdout'],
      ['stream=Stderr', 'stderr'],
    ]
    for (const [query, stream] of streams) {
      assert.equal((await server.get(`${PODS_PATH}/web/log?${query}`)).code, 200)
      assert.equal(server.logRequests.at(-1)?.stream, stream, query)
    }
    const named = await server.get(`${PODS_PATH}/web/log`, { accept: 'text/vnd.peapod.log, */*' })
    assert.deepEqual([named.code, named.headers['content-type']], [200, 'text/vnd.peapod.log'])
    assert.equal(server.logRequests.at(-1)?.streamNames, true)
    const plain = await server.get(`${PODS_PATH}/web/log`, { accept: 'application/json, */*' })
    assert.equal(plain.headers['content-type'], 'text/plain')
  })

  it('refuses in the words of Kubernetes', async () => {
    await using server = await TestServer.open()
    const image = 'busybox'
    await server.createPod('web', {
      spec: {
        containers: [
          { name: 'a', image },
          { name: 'b', image },
        ],
        initContainers: [{ name: 'i', image }],
      },
    })
    const refusals: [query: string, code: number, message: string][] = [
      [
        '',
        400,
        'a container name must be specified for pod web, choose one of: [a b] or one of the init containers: [i]',
      ],
      ['container=c', 400, 'container c is not valid for pod web'],
      [
        'container=a&tailLines=-1',
        422,
        'PodLogOptions "web" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0',
      ],
      [
        'container=a&limitBytes=0',
        422,
        'PodLogOptions "web" is invalid: limitBytes: Invalid value: 0: must be greater than 0',
      ],
      [
        'container=a&sinceSeconds=0',
        422,
        'PodLogOptions "web" is invalid: sinceSeconds: Invalid value: 0: must be greater than 0',
      ],
      [
        'container=a&stream=stdout',
        422,
        'PodLogOptions "web" is invalid: stream: Unsupported value: "stdout": supported values: "All", "Stderr", "Stdout"',
      ],
      [
        'container=a&stream=Stdout&tailLines=1',
        422,
        'PodLogOptions "web" is invalid: : Forbidden: `tailLines` and specific `stream` are mutually exclusive for now',
      ],
      ['container=a&tailLines=x', 400, 'strconv.ParseInt: parsing "x": invalid syntax'],
      ['container=a&sinceTime=x', 400, 'parsing time "x": must be an RFC 3339 instant'],
    ]
    for (const [query, code, message] of refusals)
      refusedWith(await server.get(`${PODS_PATH}/web/log?${query}`), code, message)
    assert.equal((await server.get(`${PODS_PATH}/web/log?container=i`)).code, 200)
    refusedWith(
      await server.get(`${PODS_PATH}/web/log?container=a&sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z`),
      422,
      /at most one of `sinceTime` or `sinceSeconds` may be specified/,
    )
  })
})
