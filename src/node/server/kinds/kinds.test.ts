import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { TestServer } from '../test-server.ts'
import { allKinds } from './kinds.ts'

interface Case {
  readonly what: string
  /** The collection under /api/v1/namespaces/default, or a path of its own. */
  readonly at: string
  readonly object: object
}

interface Kept extends Case {
  /** What is stored, without metadata. */
  readonly kept: object
}

interface Refused extends Case {
  /** Field and sentence of each problem. */
  readonly problems: readonly (readonly [field: string, sentence: string])[]
}

interface Updated extends Case {
  readonly change: object
  readonly problems?: readonly (readonly [field: string, sentence: string])[]
  /** Parts of the object afterwards. */
  readonly after?: object
}

const IMMUTABLE = 'Forbidden: field is immutable when `immutable` is set'

const KEPT: readonly Kept[] = [
  {
    what: 'a ConfigMap is kept as it is',
    at: 'configmaps',
    object: { data: { a: '1' }, binaryData: { b: 'AAE=' } },
    kept: { data: { a: '1' }, binaryData: { b: 'AAE=' } },
  },
  {
    what: 'stringData of a Secret becomes data, and wins over it',
    at: 'secrets',
    object: { data: { a: 'MQ==', b: 'Mg==' }, stringData: { b: '3', c: 'ü' } },
    kept: { type: 'Opaque', data: { a: 'MQ==', b: 'Mw==', c: 'w7w=' } },
  },
  { what: 'an empty Secret has a type', at: 'secrets', object: {}, kept: { type: 'Opaque' } },
  {
    what: 'a ServiceAccount',
    at: 'serviceaccounts',
    object: { imagePullSecrets: [{ name: 'registry' }] },
    kept: { imagePullSecrets: [{ name: 'registry' }] },
  },
  {
    what: 'a Lease keeps its microseconds',
    at: '/apis/coordination.k8s.io/v1/namespaces/default/leases',
    object: { spec: { holderIdentity: 'me', renewTime: '2026-01-02T03:04:05.123456Z' } },
    kept: { spec: { holderIdentity: 'me', renewTime: '2026-01-02T03:04:05.123456Z' } },
  },
]

const REFUSED: readonly Refused[] = [
  {
    what: 'keys of a ConfigMap',
    at: 'configmaps',
    object: { data: { 'a b': '', '..': '', c: '' }, binaryData: { c: '' } },
    problems: [
      [
        'data[a b]',
        "Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      ],
      ['data[..]', 'Invalid value: "..": must not be \'..\''],
      ['data[c]', 'Invalid value: "c": duplicate of key present in binaryData'],
    ],
  },
  {
    what: 'a ConfigMap above 1 MiB',
    at: 'configmaps',
    object: { data: { a: 'ä'.repeat(512 * 1024), b: '.' } },
    problems: [['[]', 'Too long: must have at most 1048576 bytes']],
  },
  {
    what: 'a TLS Secret without its key',
    at: 'secrets',
    object: { type: 'kubernetes.io/tls', stringData: { 'tls.crt': 'x' } },
    problems: [['data[tls.key]', 'Required value']],
  },
  {
    what: 'registry credentials that are no JSON: they are not repeated',
    at: 'secrets',
    object: { type: 'kubernetes.io/dockerconfigjson', stringData: { '.dockerconfigjson': 'password' } },
    problems: [['data[.dockerconfigjson]', 'Invalid value: "<secret contents redacted>": must be a JSON object']],
  },
  {
    what: 'a token of nobody',
    at: 'secrets',
    object: { type: 'kubernetes.io/service-account-token' },
    problems: [['metadata.annotations[kubernetes.io/service-account.name]', 'Required value']],
  },
  {
    what: 'basic authentication without name and password',
    at: 'secrets',
    object: { type: 'kubernetes.io/basic-auth' },
    problems: [
      ['data[username]', 'Required value'],
      ['data[password]', 'Required value'],
    ],
  },
  {
    what: 'a Lease that never lasts',
    at: '/apis/coordination.k8s.io/v1/namespaces/default/leases',
    object: { spec: { leaseDurationSeconds: 0, leaseTransitions: -1, preferredHolder: 'me' } },
    problems: [
      ['spec.leaseDurationSeconds', 'Invalid value: 0: must be greater than 0'],
      ['spec.leaseTransitions', 'Invalid value: -1: must be greater than or equal to 0'],
      ['spec.preferredHolder', 'Forbidden: may only be specified if `strategy` is defined'],
    ],
  },
]

const UPDATED: readonly Updated[] = [
  {
    what: 'a ConfigMap becomes immutable',
    at: 'configmaps',
    object: { data: { a: '1' } },
    change: { immutable: true },
    after: { data: { a: '1' }, immutable: true },
  },
  {
    what: 'an immutable ConfigMap stays so',
    at: 'configmaps',
    object: { data: { a: '1' }, immutable: true },
    change: { immutable: null, data: { a: '2' }, binaryData: { b: '' } },
    problems: [
      ['immutable', IMMUTABLE],
      ['data', IMMUTABLE],
      ['binaryData', IMMUTABLE],
    ],
  },
  {
    what: 'labels of an immutable ConfigMap may change',
    at: 'configmaps',
    object: { data: { a: '1' }, immutable: true },
    change: { metadata: { labels: { a: 'b' } } },
  },
  {
    what: 'the type of a Secret stays',
    at: 'secrets',
    object: {},
    change: { type: 'example.com/other' },
    problems: [['type', 'Invalid value: "example.com/other": field is immutable']],
  },
  {
    what: 'stringData is merged into what a Secret holds',
    at: 'secrets',
    object: { stringData: { a: '1', b: '2' } },
    change: { stringData: { b: '3' } },
    after: { type: 'Opaque', data: { a: 'MQ==', b: 'Mw==' } },
  },
]

describe('kinds', () => {
  let server: TestServer
  let serial = 0
  before(async () => {
    server = await TestServer.open()
  })
  after(() => server[Symbol.asyncDispose]())

  const create = (at: string, object: { readonly metadata?: object }): ReturnType<TestServer['send']> => {
    const path = at.startsWith('/') ? at : `/api/v1/namespaces/default/${at}`
    const metadata = { name: `n${++serial}`, ...object.metadata }
    return server.send('POST', path, { body: { ...object, metadata } })
  }

  for (const { what, at, object, kept } of KEPT) {
    it(what, async () => {
      const { code, json, text } = await create(at, object)
      assert.equal(code, 201, text)
      const { apiVersion, kind, metadata, ...rest } = json
      assert.deepEqual(rest, kept)
      assert.deepEqual(
        [apiVersion === undefined, kind === undefined, metadata?.['creationTimestamp']],
        [false, false, '2026-01-02T03:04:05Z'],
      )
    })
  }

  for (const { what, at, object, problems } of REFUSED) {
    it(`refuses ${what}`, async () => {
      const { code, json } = await create(at, object)
      assert.equal(code, 422, JSON.stringify(json))
      assert.deepEqual(causesOf(json), problems)
    })
  }

  for (const { what, at, object, change, problems, after: afterwards } of UPDATED) {
    it(`update: ${what}`, async () => {
      const created = await create(at, object)
      assert.equal(created.code, 201, created.text)
      const path = at.startsWith('/') ? at : `/api/v1/namespaces/default/${at}`
      const { code, json, text } = await server.send('PATCH', `${path}/${String(created.json.metadata?.['name'])}`, {
        body: change,
        headers: { 'content-type': 'application/merge-patch+json' },
      })
      assert.equal(code, problems === undefined ? 200 : 422, text)
      if (problems !== undefined) assert.deepEqual(causesOf(json), problems)
      else if (afterwards !== undefined) {
        const { apiVersion, kind, metadata } = json
        assert.deepEqual(json, { apiVersion, kind, metadata, ...afterwards })
      }
    })
  }

  it('each is declared as Kubernetes would', async () => {
    for (const kind of await allKinds()) {
      const { resource, singular, shortNames } = kind
      assert.equal(singular, resource.kind.toLowerCase(), 'Kubernetes has no other singular names')
      assert.match(resource.plural, /^[a-z]+$/)
      assert.equal(new Set(shortNames).size, shortNames.length)
      for (const field of kind.selectableFields) {
        assert.equal(
          kind.fieldValue({ apiVersion: '', kind: '', metadata: {}, spec: {}, involvedObject: {} } as never, field)
            .length >= 0,
          true,
        )
      }
      const columns = await kind.columns?.()
      if (columns === undefined) continue
      assert.equal(columns.filter(({ format }) => format === 'name').length, 1, resource.plural)
      assert.equal(new Set(columns.map(({ name }) => name)).size, columns.length)
    }
  })
})

function causesOf(json: object): unknown {
  const { details } = json as { details?: { causes?: { field: string; message: string }[] } }
  return details?.causes?.map(({ field, message }) => [field, message])
}
