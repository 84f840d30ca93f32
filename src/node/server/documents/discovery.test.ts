import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { allKinds } from '../kinds/kinds.ts'
import { TestServer } from '../test-server.ts'

interface ResourceEntry {
  readonly name: string
  readonly storageVersionHash?: string
  readonly singularName: string
}

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
const AGGREGATED_BETA = 'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList'

/** What newer versions of Kubernetes say otherwise than the recorded one. */
const NEWER: Readonly<Record<string, object>> = {
  services: { verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'] },
  'pods/ephemeralcontainers': {
    name: 'pods/ephemeralcontainers',
    namespaced: true,
    kind: 'Pod',
    verbs: ['get', 'patch', 'update'],
  },
  'pods/eviction': { version: 'v1' },
  'pods/resize': { name: 'pods/resize', namespaced: true, kind: 'Pod', verbs: ['get', 'patch', 'update'] },
}

describe('discovery', () => {
  let server: TestServer
  before(async () => {
    server = await TestServer.open()
  })
  after(() => server[Symbol.asyncDispose]())

  const body = async <T>(path: string, accept = 'application/json'): Promise<T> =>
    JSON.parse((await server.get(path, { accept })).text) as T

  it('tells of the core group what Kubernetes tells, of the kinds that there are', async () => {
    const recorded = JSON.parse(readFileSync(new URL('testdata/discovery.json', import.meta.url), 'utf8')) as Readonly<
      Record<string, { readonly resources: readonly ResourceEntry[] }>
    >
    const { resources } = await body<{ resources: ResourceEntry[] }>('/api/v1')
    assert.deepEqual(
      resources.map(({ name }) => name),
      resources.map(({ name }) => name).toSorted(),
    )
    const expected = new Map(recorded['/api/v1']?.resources.map((entry) => [entry.name, entry]))
    for (const entry of resources) {
      const { storageVersionHash, ...known } = expected.get(entry.name) ?? { name: 'not recorded', singularName: '' }
      assert.equal(storageVersionHash === undefined, entry.name.includes('/') || entry.name === 'bindings', entry.name)
      // Singular names came after the recorded version.
      assert.deepEqual(entry, { ...known, singularName: entry.singularName, ...NEWER[entry.name] })
      assert.equal(entry.singularName === '', entry.name.includes('/'))
    }
  })

  it('each group has a document of its own, and each of its versions', async () => {
    const { groups } = await body<{ groups: { name: string; versions: { groupVersion: string }[] }[] }>('/apis')
    for (const group of groups) {
      assert.deepEqual(await body(`/apis/${group.name}`), { kind: 'APIGroup', apiVersion: 'v1', ...group })
      for (const { groupVersion } of group.versions) {
        const list = await body<{ groupVersion: string; resources: unknown[] }>(`/apis/${groupVersion}/`)
        assert.equal(list.groupVersion, groupVersion)
        assert.notEqual(list.resources.length, 0)
      }
    }
  })

  for (const [accept, contentType] of [
    [`${AGGREGATED},${AGGREGATED_BETA},application/json`, AGGREGATED],
    [`${AGGREGATED_BETA},application/json`, AGGREGATED_BETA],
  ] as const) {
    it(`aggregated by ${contentType}`, async () => {
      const answers = await Promise.all(['/api', '/apis'].map((path) => server.get(path, { accept })))
      for (const answer of answers) assert.equal(answer.headers['content-type'], contentType)
      const groups = answers.flatMap(
        ({ text }) => (JSON.parse(text) as { items: { versions: { resources: { resource: string }[] }[] }[] }).items,
      )
      const resources = groups.flatMap(({ versions }) => versions.flatMap((version) => version.resources))
      const kinds = await allKinds()
      assert.deepEqual(
        resources.map(({ resource }) => resource).toSorted(),
        kinds.map(({ resource }) => resource.plural).toSorted(),
      )
    })
  }

  it('aggregated discovery tells where a subresource is about another kind', async () => {
    const answer = await body<{
      items: { versions: { resources: { resource: string; subresources: object[] }[] }[] }[]
    }>('/api', AGGREGATED)
    const pods = answer.items[0]?.versions[0]?.resources.find(({ resource }) => resource === 'pods')
    assert.deepEqual(pods?.subresources.at(-1), {
      subresource: 'status',
      responseKind: { group: '', version: 'v1', kind: 'Pod' },
      verbs: ['get', 'patch', 'update'],
    })
  })

  it('plain when plain JSON is asked for first', async () => {
    const answer = await server.get('/api', { accept: `application/json,${AGGREGATED}` })
    assert.equal(answer.json.kind, 'APIVersions')
  })

  it('is not sent again to a client that has it', async () => {
    const first = await server.get('/apis', { accept: AGGREGATED })
    const { etag = '' } = first.headers
    const again = await server.get('/apis', { accept: AGGREGATED, 'if-none-match': etag })
    assert.deepEqual([again.code, again.text, again.headers.etag], [304, '', etag])
    const other = await server.get('/apis', { accept: AGGREGATED, 'if-none-match': '"1"' })
    assert.deepEqual([other.code, other.text], [200, first.text])
  })

  const missing = ['/apis/nope.io', '/apis/nope.io/v1', '/api/v9', '/api/v1/', '/nope', '/version/nope', '/livez/nope']
  for (const path of missing.filter((each) => each !== '/api/v1/')) {
    it(`${path} is not there`, async () => {
      const answer = await server.get(path)
      assert.deepEqual([answer.code, answer.text], [404, '404 page not found\n'])
    })
  }

  it('names its paths at the root', async () => {
    const { paths } = await body<{ paths: string[] }>('/')
    for (const path of paths) assert.equal((await server.get(path)).code, 200, path)
  })

  const health: [path: string, expected: string][] = [
    ['/healthz', 'ok'],
    ['/livez', 'ok'],
    ['/readyz/ping', 'ok'],
    ['/livez?verbose', '[+]ping ok\n[+]store ok\nlivez check passed\n'],
    ['/readyz?verbose&exclude=store', '[+]ping ok\nreadyz check passed\n'],
  ]
  for (const [path, expected] of health) {
    it(`${path} answers ${JSON.stringify(expected)}`, async () => {
      const answer = await server.get(path)
      assert.deepEqual([answer.code, answer.text], [200, expected])
    })
  }
})
