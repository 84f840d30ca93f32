import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { probePort } from './probe-port.ts'
import { sampleContainer } from './sample-pod.ts'

const web = sampleContainer('web', { ports: [{ name: 'http', containerPort: 8080 }, { containerPort: 9090 }] })

describe('the port of a probe', () => {
  const rows: readonly (readonly [rule: string, port: number | string, number: number | undefined])[] = [
    ['P15: a number', 81, 81],
    ['P15: a name of the same container', 'http', 8080],
    ['P15: a number as text', '82', 82],
    ['P15: a name that the container has not', 'admin', undefined],
    ['P15: no port at all', 0, undefined],
    ['P15: beyond the last port', 65_536, undefined],
    ['P15: nothing', '', undefined],
  ]
  for (const [rule, port, number] of rows) {
    it(rule, () => {
      assert.equal(probePort(web, port), number)
    })
  }
})
