import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PODS } from '../../store/resources.ts'
import { PODS_PATH, type Reply, TestServer } from '../test-server.ts'

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/default/leases'
const type = (patchType: string): { headers: Record<string, string> } => ({
  headers: { 'content-type': `application/${patchType}` },
})
const MERGE = type('merge-patch+json')
const APPLY = type('apply-patch+yaml')

function refusedWith(reply: Reply, code: number, message: string | RegExp): void {
  assert.equal(reply.code, code, reply.text)
  const said = String(reply.json.message)
  if (typeof message === 'string') assert.equal(said, message)
  else assert.match(said, message)
}

/** Manager, operation and subresource of each owner. */
function owners({ json }: Reply): unknown {
  const entries = (json.metadata?.['managedFields'] ?? []) as readonly Record<string, unknown>[]
  return entries.map(({ manager, operation, subresource }) => [manager, operation, subresource].join(' ').trim())
}

describe('field managers', () => {
  it('are named by the request, else by the program that sends it', async () => {
    await using server = await TestServer.open()
    const body = { metadata: { name: 'a' }, data: { x: '1' } }
    const headers = { 'user-agent': 'kubectl/v1.33.0 (linux/amd64)' }
    assert.deepEqual(owners(await server.send('POST', CONFIG_MAPS, { body, headers })), ['kubectl Update'])
    const named = await server.send('PATCH', `${CONFIG_MAPS}/a?fieldManager=me`, {
      body: { data: { x: '2' } },
      ...MERGE,
    })
    assert.deepEqual(owners(named), ['kubectl Update', 'me Update'])
    const reset = { metadata: { managedFields: [{}] } }
    assert.deepEqual(owners(await server.send('PATCH', `${CONFIG_MAPS}/a`, { body: reset, ...MERGE })), [])
  })

  it('of a status have it by its own path', async () => {
    await using server = await TestServer.open()
    await server.createPod('web')
    const status = { status: { phase: 'Running', podIP: '10.0.0.1' } }
    const reply = await server.send('PATCH', `${PODS_PATH}/web/status?fieldManager=kubelet`, { body: status, ...MERGE })
    assert.deepEqual(owners(reply), ['kubelet Update status', 'unknown Update'])
  })

  it('are checked', async () => {
    await using server = await TestServer.open()
    const post = (query: string): Promise<Reply> =>
      server.send('POST', `${CONFIG_MAPS}?${query}`, { body: { metadata: { name: 'a' } } })
    const about = 'CreateOptions.meta.k8s.io "" is invalid: '
    refusedWith(await post(`fieldManager=${'x'.repeat(129)}`), 422, /fieldManager: Too long: /)
    refusedWith(
      await post('fieldManager=a%07'),
      422,
      `${about}fieldManager: Invalid value: "a\\u0007": invalid character U+0007 (at position 1)`,
    )
    refusedWith(
      await post('fieldValidation=Maybe'),
      422,
      `${about}fieldValidation: Unsupported value: "Maybe": supported values: "", "Ignore", "Strict", "Warn"`,
    )
    const patch = (query: string, options: typeof MERGE): Promise<Reply> =>
      server.send('PATCH', `${CONFIG_MAPS}/a?${query}`, { body: {}, ...options })
    const ofPatch = 'PatchOptions.meta.k8s.io "" is invalid: '
    refusedWith(await patch('', APPLY), 422, `${ofPatch}fieldManager: Required value: is required for apply patch`)
    refusedWith(
      await patch('force=true', MERGE),
      422,
      `${ofPatch}force: Forbidden: may not be specified for non-apply patch`,
    )
  })

  it('do not change when nothing else does', async () => {
    await using server = await TestServer.open()
    const pod = await server.createPod('web')
    server.nowMs += 60_000
    const { resourceVersion } = pod.metadata
    const same = await server.send('PUT', `${PODS_PATH}/web?fieldManager=other`, { body: pod })
    assert.deepEqual([same.code, same.json.metadata?.['resourceVersion']], [200, resourceVersion])
    const patched = await server.send('PATCH', `${PODS_PATH}/web`, { body: {}, ...MERGE })
    assert.equal(patched.json.metadata?.['resourceVersion'], resourceVersion)
  })
})

describe('patches', () => {
  it('with unknown fields are refused, warned of or cut, as the client asks', async () => {
    await using server = await TestServer.open()
    await server.createPod('web')
    const body = { metadata: { labels: { a: 'b' } }, nope: 1 }
    const send = (query: string, options: typeof MERGE, sent: unknown = body): Promise<Reply> =>
      server.send('PATCH', `${PODS_PATH}/web?dryRun=All&${query}`, { body: sent, ...options })
    refusedWith(
      await send('fieldValidation=Strict', MERGE),
      422,
      /^ "" is invalid: patch: Invalid value: "\{.*\\"nope\\":1.*\}": strict decoding error: unknown field "nope"$/,
    )
    refusedWith(
      await send('fieldValidation=Strict', type('strategic-merge-patch+json')),
      422,
      ' "" is invalid: patch: Invalid value: "map[metadata:map[labels:map[a:b]] nope:1]": ' +
        'strict decoding error: unknown field "nope"',
    )
    const warned = await send('', MERGE)
    assert.deepEqual([warned.code, warned.headers['warning']], [200, '299 - "unknown field \\"nope\\""'])
    const ignored = await send('fieldValidation=Ignore', MERGE)
    assert.deepEqual([ignored.code, ignored.headers['warning']], [200, undefined])
    const odd = [{ op: 'test', path: '/kind', value: 'Pod', extra: 1 }]
    const json = await send('', type('json-patch+json'), odd)
    assert.equal(json.headers['warning'], '299 - "json patch unknown field \\"[0].extra\\""')
    assert.equal(server.store.get(PODS, { namespace: 'default', name: 'web' })?.metadata.labels, undefined)
  })

  it('that are none are refused', async () => {
    await using server = await TestServer.open()
    await server.createPod('web')
    const send = (body: string, patchType: string): Promise<Reply> =>
      server.send('PATCH', `${PODS_PATH}/web?${patchType.startsWith('apply') ? 'fieldManager=me' : ''}`, {
        body,
        ...type(patchType),
      })
    refusedWith(await send('{', 'json-patch+json'), 400, /^error decoding patch: /)
    refusedWith(await send('{}', 'json-patch+json'), 400, /^error decoding patch: json: cannot unmarshal object/)
    refusedWith(await send('[]', 'merge-patch+json'), 400, /cannot unmarshal array into Go value of type map/)
    refusedWith(await send('a: [', 'apply-patch+yaml'), 400, /^error decoding YAML: /)
    refusedWith(await send('{}', 'apply-patch+yaml'), 400, 'invalid object type: /, Kind=')
    refusedWith(await send('{}', 'nope+json'), 415, /accepted media types include: application\/json-patch\+json, /)
    const many = JSON.stringify(Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/kind', value: 'Pod' })))
    refusedWith(
      await send(many, 'json-patch+json'),
      413,
      /allowed maximum operations in a JSON patch is 10000, got 10001$/,
    )
    const missing = await server.send('PATCH', `${PODS_PATH}/nope`, { body: {}, ...MERGE })
    refusedWith(missing, 404, 'pods "nope" not found')
  })
})

describe('server-side apply', () => {
  const yaml = (image: string): string => `
apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers:
    - { name: app, image: "${image}" }
`
  const apply = (server: TestServer, body: string, query: string): Promise<Reply> =>
    server.send('PATCH', `${PODS_PATH}/web?${query}`, { body, ...APPLY })

  it('makes a pod, and changes it; a dry run does neither', async () => {
    await using server = await TestServer.open()
    const web = { namespace: 'default', name: 'web' }
    assert.equal((await apply(server, yaml('a'), 'fieldManager=me&dryRun=All')).code, 201)
    assert.equal(server.store.get(PODS, web), undefined)
    const made = await apply(server, yaml('a'), 'fieldManager=me')
    assert.deepEqual([made.code, owners(made)], [201, ['me Apply']])
    assert.deepEqual((made.json.metadata?.['managedFields'] as { fieldsV1: unknown }[])[0]?.fieldsV1, {
      'f:spec': { 'f:containers': { 'k:{"name":"app"}': { '.': {}, 'f:image': {}, 'f:name': {} } } },
    })
    const again = await apply(server, yaml('a'), 'fieldManager=me')
    assert.deepEqual([again.code, again.json.metadata], [200, made.json.metadata])
    assert.equal((await apply(server, yaml('b'), 'fieldManager=me')).code, 200)
    assert.equal(server.store.get(PODS, web)?.spec.containers[0]?.image, 'b')
  })

  it('is in conflict with who changed a field since', async () => {
    await using server = await TestServer.open()
    await apply(server, yaml('a'), 'fieldManager=me')
    const body = { spec: { containers: [{ name: 'app', image: 'b' }] } }
    await server.send('PATCH', `${PODS_PATH}/web?fieldManager=kubectl-edit`, {
      body,
      ...type('strategic-merge-patch+json'),
    })
    const field = '.spec.containers[name="app"].image'
    const conflict = `Apply failed with 1 conflict: conflict with "kubectl-edit" using v1: ${field}`
    refusedWith(await apply(server, yaml('c'), 'fieldManager=me'), 409, conflict)
    assert.deepEqual(owners(await apply(server, yaml('c'), 'fieldManager=me&force=true')), ['me Apply'])
  })

  it('refuses what the type does not have, what has managedFields, and what is gone', async () => {
    await using server = await TestServer.open()
    const odd = yaml('a').replace('image:', 'imag:')
    const what = 'failed to create typed patch object (default/web; /v1, Kind=Pod)'
    refusedWith(
      await apply(server, odd, 'fieldManager=me'),
      500,
      `${what}: .spec.containers[name="app"].imag: field not declared in schema`,
    )
    const managed = yaml('a').replace('name: web', 'name: web, managedFields: []')
    refusedWith(await apply(server, managed, 'fieldManager=me'), 400, 'metadata.managedFields must be nil')
    const gone = yaml('a').replace('name: web', 'name: web, uid: gone')
    refusedWith(
      await apply(server, gone, 'fieldManager=me'),
      409,
      /uid mismatch: the provided object specified uid gone/,
    )
    refusedWith(
      await server.send('PATCH', `${PODS_PATH}/web/status?fieldManager=me`, { body: yaml('a'), ...APPLY }),
      404,
      'pods "web" not found',
    )
  })
})

describe('update', () => {
  it('makes what is not there of some kinds, and wants a version of some', async () => {
    await using server = await TestServer.open()
    const lease = { metadata: { name: 'l' }, spec: { holderIdentity: 'me' } }
    const made = await server.send('PUT', `${LEASES}/l`, { body: lease })
    assert.equal(made.code, 201, made.text)
    refusedWith(
      await server.send('PUT', `${LEASES}/l`, { body: lease }),
      422,
      'Lease.coordination.k8s.io "l" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an update',
    )
    assert.equal((await server.send('PUT', `${LEASES}/l`, { body: made.json })).code, 200)
    const configMap = { metadata: { name: 'c' } }
    refusedWith(await server.send('PUT', `${CONFIG_MAPS}/c`, { body: configMap }), 404, 'configmaps "c" not found')
    refusedWith(
      await server.send('PUT', `${CONFIG_MAPS}/c`, { body: { data: {} } }),
      400,
      'the name of the object (c based on URL) was undeterminable: name must be provided',
    )
  })

  it('keeps the tolerations of a pod', async () => {
    await using server = await TestServer.open()
    await server.createPod('web', { spec: { tolerations: [{ key: 'k', operator: 'Exists' }] } })
    const body = { spec: { tolerations: [] } }
    refusedWith(await server.send('PATCH', `${PODS_PATH}/web`, { body, ...MERGE }), 422, /spec: Forbidden: pod updates/)
  })
})
