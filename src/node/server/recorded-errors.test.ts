import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { TestServer } from './test-server.ts'

interface RecordedError {
  readonly case: string
  readonly method: string
  readonly path: string
  readonly contentType: string
  readonly accept: string
  readonly request: unknown
  readonly code: number
  readonly answer: string | Readonly<Record<string, unknown>>
}

interface Difference {
  readonly why: string
  readonly code?: number
  /** In the place of these fields of the recorded answer; undefined: the field is not there. */
  readonly fields: Readonly<Record<string, unknown>>
  /** In the place of the recorded message. */
  readonly message?: RegExp
}

/** Where this server does not answer as the recorded one, and why. */
const DIFFERENCES: Readonly<Record<string, Difference>> = {
  'bad patch type': {
    why: 'newer versions name the types',
    fields: { details: undefined },
    message:
      /^the body of the request .* accepted media types include: application\/json-patch\+json, application\/merge-patch\+json, application\/strategic-merge-patch\+json, application\/apply-patch\+yaml$/,
  },
  'bad resourceVersion': { why: 'every Status has a reason here', fields: { reason: 'InternalError' } },
  'bad continue': {
    why: 'the JSON parser has its own words',
    fields: {},
    message: /^invalid continue token: continue key is not valid: /,
  },
  'exec not found': {
    why: 'who does not ask for a stream is told so first',
    code: 400,
    fields: {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      reason: 'BadRequest',
      code: 400,
    },
    message: /^Upgrade request required$/,
  },
  'wrong type': {
    why: 'names the field instead of a place in the text',
    fields: {},
    message: /^Pod in version "v1" cannot be handled as a Pod: spec\.containers: must be a list; got the text "a"$/,
  },
  'string for number': {
    why: 'names the field instead of a place in the text',
    fields: {},
    message:
      /^Pod in version "v1" cannot be handled as a Pod: spec\.terminationGracePeriodSeconds: must be a whole number; /,
  },
}

describe('recorded errors of a Kubernetes API server', () => {
  const cases = JSON.parse(
    readFileSync(new URL('testdata/errors.json', import.meta.url), 'utf8'),
  ) as readonly RecordedError[]
  let server: TestServer
  before(async () => {
    server = await TestServer.open()
    await server.send('POST', '/api/v1/namespaces', { body: { metadata: { name: 'recorded' } } })
    const accounts = '/api/v1/namespaces/recorded/serviceaccounts'
    await server.send('POST', accounts, { body: { metadata: { name: 'default' } } })
  })
  after(() => server[Symbol.asyncDispose]())

  for (const recorded of cases) {
    const difference = DIFFERENCES[recorded.case]
    it(recorded.case + (difference === undefined ? '' : `, but ${difference.why}`), async () => {
      const { method, path, contentType, accept, request } = recorded
      const body = request === null ? undefined : request
      const reply = await server.send(method, path, { body, headers: { 'content-type': contentType, accept } })
      assert.equal(reply.code, difference?.code ?? recorded.code, reply.text)
      if (reply.code < 300) return
      if (typeof recorded.answer === 'string' && difference === undefined) {
        assert.equal(reply.text, recorded.answer)
        return
      }
      const { message, ...rest } = reply.json
      const { message: recordedMessage, ...recordedRest }: Record<string, unknown> =
        typeof recorded.answer === 'string' ? {} : recorded.answer
      const expected = Object.entries({ ...recordedRest, ...difference?.fields })
      assert.deepEqual(rest, Object.fromEntries(expected.filter(([, value]) => value !== undefined)))
      if (difference?.message === undefined) assert.equal(message, recordedMessage)
      else assert.match(String(message), difference.message)
    })
  }
})
