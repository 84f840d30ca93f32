import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { allKinds } from '../../kinds/kinds.ts'
import { verbsOf } from '../verbs-of.ts'
import { TestServer } from '../../test-server.ts'
import { groupVersionOf } from '../discovered-groups.ts'

interface Schema {
  readonly description?: string
  readonly properties?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly required?: readonly string[]
  readonly 'x-kubernetes-group-version-kind'?: readonly object[]
}

interface V3 {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { parameters: { name: string }[] }>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

describe('OpenAPI documents', () => {
  let server: TestServer
  before(async () => {
    server = await TestServer.open()
  })
  after(() => server[Symbol.asyncDispose]())

  const get = async <T>(path: string): Promise<T> => JSON.parse((await server.get(path)).text) as T

  it('v3 has a document for each group and version, under a name that changes with it', async () => {
    const { paths } = await get<{ paths: Record<string, { serverRelativeURL: string }> }>('/openapi/v3')
    const versions = (await allKinds()).map(({ resource: { group, version } }) => {
      return `${group === '' ? 'api' : 'apis'}/${groupVersionOf(group, version)}`
    })
    assert.deepEqual(Object.keys(paths).toSorted(), [...new Set(versions)].toSorted())
    const { serverRelativeURL = '' } = paths['api/v1'] ?? {}
    assert.match(serverRelativeURL, /^\/openapi\/v3\/api\/v1\?hash=[0-9A-F]{64}$/)
    const answer = await server.get(serverRelativeURL)
    assert.match(answer.headers['cache-control'] ?? '', /^public, immutable/)
    const again = await server.get(serverRelativeURL, { 'if-none-match': answer.headers.etag ?? '' })
    assert.deepEqual([again.code, again.text], [304, ''])
    assert.equal((await server.get('/openapi/v3/api/v1')).headers['cache-control'], 'no-cache, private')
  })

  it('describes fields, how they are merged, and which kind a type is', async () => {
    const { components } = await get<V3>('/openapi/v3/api/v1')
    const { schemas } = components
    const pod = schemas['io.k8s.api.core.v1.Pod']
    assert.deepEqual(pod?.['x-kubernetes-group-version-kind'], [{ group: '', version: 'v1', kind: 'Pod' }])
    const spec = schemas['io.k8s.api.core.v1.PodSpec']
    assert.deepEqual(spec?.required, ['containers'])
    const { description, ...containers } = spec.properties?.['containers'] ?? {}
    assert.match(String(description), /^List of containers belonging to the pod\./)
    assert.deepEqual(containers, {
      type: 'array',
      items: { allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.Container' }], default: {} },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      'x-kubernetes-patch-strategy': 'merge',
      'x-kubernetes-patch-merge-key': 'name',
    })
  })

  it('every reference leads somewhere, in all documents', async () => {
    const { paths } = await get<{ paths: Record<string, { serverRelativeURL: string }> }>('/openapi/v3')
    for (const path of ['/openapi/v2', ...Object.values(paths).map(({ serverRelativeURL }) => serverRelativeURL)]) {
      const { text } = await server.get(path)
      const document = JSON.parse(text) as Partial<V3> & { definitions?: Record<string, Schema> }
      const known = document.definitions ?? document.components?.schemas ?? {}
      for (const [, name = ''] of text.matchAll(/"\$ref":"#\/(?:components\/schemas|definitions)\/([^"]+)"/g)) {
        assert.ok(known[name] !== undefined, `${path}: ${name}`)
      }
    }
  })

  it('says of each kind that fields are checked here, which kubectl asks before it writes', async () => {
    for (const kind of await allKinds()) {
      if (!verbsOf(kind).includes('patch')) continue
      const { group, version, plural, namespaced } = kind.resource
      const root = group === '' ? `api/${version}` : `apis/${group}/${version}`
      const { paths } = await get<V3>(`/openapi/v3/${root}`)
      const path = `/${root}/${namespaced ? 'namespaces/{namespace}/' : ''}${plural}/{name}`
      const names = paths[path]?.['patch']?.parameters.map(({ name }) => name) ?? []
      assert.ok(names.includes('fieldValidation'), path)
      const marks = { group, version, kind: kind.resource.kind }
      assert.deepEqual((paths[path]?.['get'] as Schema | undefined)?.['x-kubernetes-group-version-kind'], marks)
    }
  })

  it('is sent compressed to who takes it so', async () => {
    const answer = await server.begin('GET', '/openapi/v2', { headers: { 'accept-encoding': 'gzip' } })
    const chunks: Buffer[] = []
    for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk)
    assert.equal(answer.headers['content-encoding'], 'gzip')
    const document = JSON.parse(gunzipSync(Buffer.concat(chunks)).toString()) as { swagger: string }
    assert.equal(document.swagger, '2.0')
  })

  it('v2 is there in protobuf, for versions of kubectl that take no other form', async () => {
    const accept = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'
    const answer = await server.get('/openapi/v2', { accept: accept.replace('v2.v1', 'v2@v1') })
    assert.deepEqual([answer.code, answer.headers['content-type']], [200, accept])
    // Document.swagger, then Document.info with its title.
    assert.ok(answer.text.startsWith('\n\u00032.0\u0012\u0019\n\nKubernetes'), JSON.stringify(answer.text.slice(0, 40)))
    for (const part of [
      '/api/v1/namespaces/{namespace}/pods/{name}',
      'fieldValidation',
      '{"group":"","version":"v1","kind":"Pod"}',
    ]) {
      assert.ok(answer.text.includes(part), part)
    }
  })

  it('v3 is JSON, and says so to who would like protobuf', async () => {
    const accept = 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf'
    assert.equal((await server.get('/openapi/v3', { accept })).code, 406)
  })
})
