import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { TestServer } from '../../src/node/server/test-server.ts'
import { Kubectl } from './kubectl.ts'
import { oldestAndNewest, realKubectl } from './served-cluster.ts'

interface RecordedCreation {
  readonly case: string
  readonly code: number
  readonly request: unknown
  readonly message?: string
}

/** What differs from the recorded server, and how it reads here; why is told where the server's own tests compare. */
const DIFFERENCES: Readonly<Record<string, RegExp>> = {
  'bad quantity': /: spec\.containers\[0\]\.resources\.limits\[memory\]: quantities must match/,
  'probe on init container': /readinessProbe: Forbidden: may not be set for init containers without/,
  'lifecycle on init container': /lifecycle: Forbidden: may not be set for init containers without/,
  'privileged without escalation': /securityContext": cannot set `allowPrivilegeEscalation` to false and `privileged`/,
  'ephemeral container at creation': /spec\.ephemeralContainers: Forbidden: cannot be set on create$/,
  'wrong type': /: spec\.containers: must be a list; got the text "a"$/,
  'string for number': /: spec\.terminationGracePeriodSeconds: must be a whole number; got the text "30"/,
}
const REASONS: Readonly<Record<number, string>> = { 400: 'BadRequest', 403: 'Forbidden', 422: 'Invalid' }

const RECORDED = (
  JSON.parse(
    readFileSync(new URL('../../src/kube/api/testdata/pod-create-answers.json', import.meta.url), 'utf8'),
  ) as readonly RecordedCreation[]
).filter(({ code, case: what }) => code !== 201 || what in DIFFERENCES)

describe('kubectl says what is wrong with a Pod as a Kubernetes API server has it said', realKubectl, () => {
  for (const program of oldestAndNewest()) {
    it(`kubectl ${program.version}`, async () => {
      await using server = await TestServer.open({ loopbackPort: 0 })
      using kubectl = new Kubectl(program, `http://127.0.0.1:${server.loopbackPort}`)
      // One command for all: it goes on after an error, and names the file of each.
      const files = RECORDED.map(({ request }, index) => kubectl.file(`${index}.json`, request as object))
      const said = await kubectl.refused('create --dry-run=server -f', files.join(','))
      const complaints = said.split('\nError from server ')
      for (const [index, { case: what, code, message = '' }] of RECORDED.entries()) {
        const complaint = complaints.find((line) => line.includes(`"${files[index]}": `)) ?? ''
        const [reason, sentence = ''] = complaint.split(`: error when creating "${files[index]}": `)
        const difference = DIFFERENCES[what]
        if (difference === undefined) assert.equal(sentence, message, what)
        else assert.match(sentence, difference, what)
        if (difference === undefined) assert.match(reason ?? '', new RegExp(`\\(${REASONS[code]}\\)$`), what)
      }
      assert.equal(complaints.length, RECORDED.length)
    })
  }
})
