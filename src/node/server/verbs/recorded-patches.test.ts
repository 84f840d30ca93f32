import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, beforeEach, describe, it } from 'node:test'
import type { Pod } from '../../../kube/api/pod.ts'
import { PODS } from '../../store/resources.ts'
import { without } from '../kinds/prepare-object.ts'
import { TestServer } from '../test-server.ts'

interface RecordedPatch {
  readonly case: string
  readonly contentType: string
  readonly patch: unknown
  readonly code: number
  readonly answer: Readonly<Record<string, unknown>> & { readonly metadata: Readonly<Record<string, unknown>> }
}

interface RecordedApply {
  readonly manager: string
  readonly force: boolean
  readonly request: unknown
  readonly code: number
  readonly answer: RecordedPatch['answer']
}

function read(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
}

const recorded = read('../testdata/patches.json') as {
  readonly before: Pod
  readonly patches: readonly RecordedPatch[]
}
const applied = read('../../../kube/api/patch/testdata/apply.json') as readonly RecordedApply[]

/** The sentence about what may change ends with a dump of Go values there, and names one field more in later versions. */
const MAY_NOT_CHANGE = /^Pod "u" is invalid: spec: Forbidden: pod updates may not change fields other than/

/** A Status of that server may lack a reason; here each one has one. */
const NO_REASON = ['strategic: bad directive']

describe('patches of a Kubernetes API server', () => {
  let server: TestServer
  before(async () => {
    server = await TestServer.open()
    await server.send('POST', '/api/v1/namespaces', { body: { metadata: { name: 'recorded' } } })
  })
  beforeEach(async () => {
    const key = { namespace: 'recorded', name: 'u' }
    if (server.store.get(PODS, key) !== undefined) await server.store.delete(PODS, key)
    await server.store.create(PODS, recorded.before)
  })
  after(() => server[Symbol.asyncDispose]())

  for (const { case: what, contentType, patch, code, answer } of recorded.patches) {
    it(what, async () => {
      const path = '/api/v1/namespaces/recorded/pods/u'
      const reply = await server.send('PATCH', path, { body: patch, headers: { 'content-type': contentType } })
      assert.equal(reply.code, code, reply.text)
      const said = reply.json as unknown as Pod & Record<string, unknown>
      if (code === 200) {
        const { labels } = answer.metadata
        assert.deepEqual([said.metadata.labels, said.spec], [labels, answer['spec']])
        assert.deepEqual(said.status, recorded.before.status)
      } else if (MAY_NOT_CHANGE.test(String(answer['message']))) {
        assert.match(String(said['message']), MAY_NOT_CHANGE)
      } else assert.deepEqual(NO_REASON.includes(what) ? without(said, 'reason') : said, answer)
    })
  }
})

describe('server-side apply of a Kubernetes API server', () => {
  let server: TestServer
  before(async () => {
    server = await TestServer.open()
    server.nowMs = Date.parse('2026-11-20T09:14:46Z')
    await server.send('POST', '/api/v1/namespaces', { body: { metadata: { name: 'recorded' } } })
  })
  after(() => server[Symbol.asyncDispose]())

  applied.forEach(({ manager, force, request, code, answer }, index) => {
    it(`step ${index}: ${manager} applies ${JSON.stringify(request)}${force ? ' with force' : ''}`, async () => {
      const path = `/api/v1/namespaces/recorded/configmaps/ssa?fieldManager=${manager}${force ? '&force=true' : ''}`
      const headers = { 'content-type': 'application/apply-patch+yaml' }
      const reply = await server.send('PATCH', path, { body: request, headers })
      assert.equal(reply.code, code, reply.text)
      const { metadata, ...parts } = answer
      const { metadata: saidMetadata, ...said } = reply.json as unknown as RecordedPatch['answer']
      assert.deepEqual(said, parts)
      assert.deepEqual(saidMetadata['managedFields'], metadata['managedFields'])
    })
  })
})
