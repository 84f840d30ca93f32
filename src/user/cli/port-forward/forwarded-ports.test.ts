import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Pod } from '../../../kube/api/pod.ts'
import { parseForwardedPort } from './forwarded-ports.ts'

const pod = {
  spec: {
    initContainers: [{ name: 'proxy', ports: [{ name: 'admin', containerPort: 9901 }] }],
    containers: [{ name: 'app', ports: [{ containerPort: 1 }, { name: 'http', containerPort: 8080 }] }],
  },
} as unknown as Pod

describe('a forwarded port', () => {
  for (const [text, local, remote] of [
    ['80', 80, 80],
    ['8080:80', 8080, 80],
    [':80', 0, 80],
    ['0:80', 0, 80],
    ['http', 8080, 8080],
    ['80:http', 80, 8080],
    [':admin', 0, 9901],
  ] as const) {
    it(text, () => assert.deepEqual(parseForwardedPort(text, pod), { local, remote }))
  }
  for (const [text, expected] of [
    ['', /from 1 to 65535/],
    ['0', /from 1 to 65535/],
    ['65536', /from 1 to 65535/],
    ['80:0', /from 1 to 65535/],
    ['nope', /no container of the Pod has a port of that name/],
    ['nope:80', /the local port must be from 0 to 65535/],
    ['1:2:3', /PORT, LOCAL:PORT or :PORT/],
    ['-1', /no container of the Pod/],
  ] as const) {
    it(`refused: ${JSON.stringify(text)}`, () => assert.throws(() => parseForwardedPort(text, pod), expected))
  }
})
