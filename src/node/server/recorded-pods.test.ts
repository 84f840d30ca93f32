import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { PODS_PATH, TestServer } from './test-server.ts'

interface RecordedCreation {
  readonly case: string
  readonly code: number
  readonly request: unknown
  readonly message: string
  readonly causes: readonly unknown[]
}

interface Difference {
  readonly why: string
  readonly code: number
  readonly message: RegExp
}

const LATER = 'later versions say it otherwise'
const NAMES_FIELD = 'names the field instead of a place in the text'

/** Where this server does not answer as the recorded one, and why. */
const DIFFERENCES: Readonly<Record<string, Difference>> = {
  'bad quantity': {
    why: NAMES_FIELD,
    code: 400,
    message: /: spec\.containers\[0\]\.resources\.limits\[memory\]: quantities/,
  },
  'probe on init container': {
    why: LATER,
    code: 422,
    message: /readinessProbe: Forbidden: may not be set for init cont/,
  },
  'lifecycle on init container': {
    why: LATER,
    code: 422,
    message: /lifecycle: Forbidden: may not be set for init cont/,
  },
  'privileged without escalation': {
    why: 'a dump of a Go value is nothing to read',
    code: 422,
    message: /securityContext: Invalid value: "securityContext": cannot set `allowPrivilegeEscalation` to false/,
  },
  'ephemeral container at creation': {
    why: 'later versions refuse it',
    code: 422,
    message: /^Pod "x" is invalid: spec\.ephemeralContainers: Forbidden: cannot be set on create$/,
  },
  'wrong type': { why: NAMES_FIELD, code: 400, message: /: spec\.containers: must be a list; got the text "a"$/ },
  'string for number': {
    why: NAMES_FIELD,
    code: 400,
    message: /: spec\.terminationGracePeriodSeconds: must be a whole/,
  },
}

describe('Pods sent to a Kubernetes API server', () => {
  const cases = JSON.parse(
    readFileSync(new URL('../../kube/api/testdata/pod-create-answers.json', import.meta.url), 'utf8'),
  ) as readonly RecordedCreation[]
  let server: TestServer
  before(async () => {
    server = await TestServer.open()
  })
  after(() => server[Symbol.asyncDispose]())

  for (const { case: what, code, request, message, causes } of cases) {
    const difference = DIFFERENCES[what]
    it(what + (difference === undefined ? '' : `, but ${difference.why}`), async () => {
      const reply = await server.send('POST', `${PODS_PATH}?dryRun=All`, { body: request })
      assert.equal(reply.code, difference?.code ?? code, reply.text)
      if (difference !== undefined) {
        assert.match(String(reply.json.message), difference.message)
      } else if (code !== 201) {
        assert.equal(reply.json.message, message)
        const { details } = reply.json as { readonly details?: { readonly causes?: unknown } }
        assert.deepEqual(details?.causes, causes)
      }
    })
  }
})
