import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkStructure } from './check-structure.ts'

const container = { name: 'app', image: 'busybox' }
const ROWS: readonly (readonly [rule: string, sent: object, kept: object])[] = [
  [
    'a map without entries is not there',
    { metadata: { labels: {}, annotations: { a: 'b' } } },
    { metadata: { annotations: { a: 'b' } } },
  ],
  [
    'nor is a list without items, however deep',
    { spec: { containers: [{ ...container, env: [], ports: [], resources: { limits: {} } }], volumes: [] } },
    { spec: { containers: [{ ...container, resources: {} }] } },
  ],
  [
    'an object without fields is',
    { spec: { containers: [container], securityContext: {}, volumes: [{ name: 'v', emptyDir: {} }] } },
    { spec: { containers: [container], securityContext: {}, volumes: [{ name: 'v', emptyDir: {} }] } },
  ],
  ['what a type wants stays for the rules to judge', { spec: { containers: [] } }, { spec: { containers: [] } }],
  ['nothing said is nothing kept', { metadata: { labels: null } }, { metadata: {} }],
]

describe('what is kept of what was sent', () => {
  for (const [rule, sent, value] of ROWS) {
    it(rule, () => assert.deepEqual(checkStructure(sent, 'V1Pod'), { value, findings: [], broken: [], missing: [] }))
  }
})
