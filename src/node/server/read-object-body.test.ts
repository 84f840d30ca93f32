import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeObject } from '../../kube/api/protobuf/test-encoder.ts'
import { loadAllTypes } from '../../kube/api/schema.ts'
import { PODS_PATH, type Reply, TestServer } from './test-server.ts'

const PROTOBUF = { 'content-type': 'application/vnd.kubernetes.protobuf' }
const YAML = { 'content-type': 'application/yaml' }
const CONFIG_MAPS_PATH = '/api/v1/namespaces/default/configmaps'

function meta(kind: string, apiVersion = 'v1'): { apiVersion: string; kind: string } {
  return { apiVersion, kind }
}

describe('bodies with an object', () => {
  it('protobuf: creates, updates and deletes as JSON does', async () => {
    await loadAllTypes()
    await using server = await TestServer.open()
    const named = { ...meta('ConfigMap'), metadata: { name: 'a' } }
    const made = await server.send('POST', CONFIG_MAPS_PATH, {
      body: encodeObject({ ...named, data: { key: 'ä', empty: '' }, binaryData: { raw: '/w==' } }, 'V1ConfigMap'),
      headers: PROTOBUF,
    })
    assert.equal(made.code, 201, made.text)
    assert.deepEqual(parts(made), { data: { key: 'ä', empty: '' }, binaryData: { raw: '/w==' } })

    const changed = await server.send('PUT', `${CONFIG_MAPS_PATH}/a`, {
      body: encodeObject({ ...named, data: { key: '2' } }, 'V1ConfigMap'),
      headers: PROTOBUF,
    })
    assert.deepEqual([changed.code, parts(changed)], [200, { data: { key: '2' } }])

    const options = { ...meta('DeleteOptions'), preconditions: { uid: 'another' } }
    const kept = await server.send('DELETE', `${CONFIG_MAPS_PATH}/a`, {
      body: encodeObject(options, 'V1DeleteOptions'),
      headers: PROTOBUF,
    })
    assert.equal(kept.code, 409)
    assert.match(kept.json.message ?? '', /the UID in the precondition \(another\) does not match/)
  })

  it('protobuf: an eviction', async () => {
    await loadAllTypes()
    await using server = await TestServer.open()
    await server.createPod('a')
    const eviction = {
      ...meta('Eviction', 'policy/v1'),
      metadata: { name: 'a', namespace: 'default' },
      deleteOptions: { dryRun: ['All'] },
    }
    const body = encodeObject(eviction, 'V1Eviction')
    const evicted = await server.send('POST', `${PODS_PATH}/a/eviction`, { body, headers: PROTOBUF })
    assert.equal(evicted.code, 201, evicted.text)
    const { metadata } = (await server.get(`${PODS_PATH}/a`)).json
    assert.equal(metadata?.['deletionTimestamp'], undefined)
  })

  it('protobuf: is held to the same rules', async () => {
    await using server = await TestServer.open()
    const body = encodeObject(
      { ...meta('Pod'), metadata: { name: 'a' }, spec: { containers: [{ name: 'b' }] } },
      'V1Pod',
    )
    const refused = await server.send('POST', PODS_PATH, { body, headers: PROTOBUF })
    assert.equal(refused.code, 422)
    assert.match(refused.json.message ?? '', /^Pod "a" is invalid: spec\.containers\[0\]\.image: Required value$/)
  })

  const REFUSED: readonly (readonly [
    what: string,
    type: string,
    body: string | Buffer,
    code: number,
    message: RegExp,
  ])[] = [
    [
      'text that is no protobuf',
      PROTOBUF['content-type'],
      '{}',
      400,
      /^the object provided is unrecognized \(must be of type Pod\): provided data does not appear to be a protobuf message/,
    ],
    [
      'a kind that nobody knows in protobuf',
      PROTOBUF['content-type'],
      encodeObject(meta('Robot'), ''),
      415,
      /accepted media types include: application\/json, application\/yaml$/,
    ],
    [
      'another kind',
      PROTOBUF['content-type'],
      encodeObject(meta('Secret'), 'V1Secret'),
      400,
      /^Secret in version "v1" cannot be handled as a Pod/,
    ],
    [
      'plain text',
      'text/plain',
      'hello',
      415,
      /accepted media types include: application\/json, application\/yaml, application\/vnd\.kubernetes\.protobuf$/,
    ],
    ['broken YAML', YAML['content-type'], 'kind: Pod\na: [', 400, /^error converting YAML to JSON: yaml: line 2: /],
    [
      'YAML with a name twice',
      YAML['content-type'],
      'kind: Pod\nkind: Pod\n',
      400,
      /^error converting YAML to JSON: yaml: line 2: kind: Duplicate value/,
    ],
    [
      'YAML that is a text',
      YAML['content-type'],
      'hello',
      400,
      /^error converting YAML to JSON: yaml: line 1: must be an object/,
    ],
    [
      'several YAML documents',
      YAML['content-type'],
      'kind: Pod\n---\nkind: Pod\n',
      400,
      /^error converting YAML to JSON: yaml: line \d: .*multiple documents/,
    ],
    [
      'deep YAML',
      YAML['content-type'],
      `a: ${'['.repeat(100_000)}`,
      400,
      /^error converting YAML to JSON: yaml: line 1: nested too deeply/,
    ],
  ]
  for (const [what, type, body, code, message] of REFUSED) {
    it(`${what}: refused in words`, async () => {
      await using server = await TestServer.open()
      const reply = await server.send('POST', PODS_PATH, { body, headers: { 'content-type': type } })
      assert.equal(reply.code, code, reply.text)
      assert.match(reply.json.message ?? '', message)
    })
  }

  it('YAML: creates as JSON does', async () => {
    await using server = await TestServer.open()
    const body = 'metadata: {name: a}\ndata:\n  key: |\n    two\n    lines\n  text: "1"\n'
    const made = await server.send('POST', CONFIG_MAPS_PATH, {
      body,
      headers: { 'content-type': 'application/yaml; charset=utf-8' },
    })
    assert.deepEqual([made.code, parts(made)], [201, { data: { key: 'two\nlines\n', text: '1' } }])
  })
})

function parts(reply: Reply): Record<string, unknown> {
  const { data, binaryData } = reply.json as { readonly data?: unknown; readonly binaryData?: unknown }
  return { ...(data === undefined ? {} : { data }), ...(binaryData === undefined ? {} : { binaryData }) }
}
