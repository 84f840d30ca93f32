import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Container } from '../../kube/api/pod.ts'
import { buildArguments, buildEnvironment } from './container-process.ts'
import { declareEnvironment } from './environment/declare-environment.ts'
import { testContainer, testPod } from './test-pod.ts'

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

const NODE = { nodeName: 'this-machine', podIPs: ['10.88.0.2'], hostIPs: ['192.0.2.2'] }

function declared(container: Container): ReadonlyMap<string, string> {
  const sources = { configMap: () => undefined, secret: () => undefined }
  return declareEnvironment(testPod(), container, { node: NODE, sources, allocatable: {}, services: new Map() }).values
}

const ARGUMENTS: [rule: string, change: Partial<Container>, args: string[]][] = [
  ['the image alone: entrypoint and cmd', {}, ['/entry', 'cmd']],
  ['args replace cmd', { args: ['a'] }, ['/entry', 'a']],
  ['command replaces entrypoint and drops cmd', { command: ['/run'] }, ['/run']],
  ['command and args', { command: ['/run'], args: ['a', 'b'] }, ['/run', 'a', 'b']],
  [
    '$(VAR) is expanded, $$ escapes, the unknown stays (E1)',
    { env: [{ name: 'X', value: '1' }], args: ['$(X)', '$$(X)', '$(NOPE)'] },
    ['/entry', '1', '$(X)', '$(NOPE)'],
  ],
]

describe('buildArguments', () => {
  for (const [rule, change, args] of ARGUMENTS) {
    it(rule, () => {
      const container = testContainer(change)
      assert.deepEqual(buildArguments(container, { entrypoint: ['/entry'], cmd: ['cmd'] }, declared(container)), args)
    })
  }
})

const ENVIRONMENTS: [rule: string, change: Partial<Container>, imageEnv: string[], env: string[]][] = [
  ['a default PATH and the hostname', {}, [], [PATH, 'HOSTNAME=web']],
  ["the image's PATH wins over the default", {}, ['PATH=/bin'], ['PATH=/bin', 'HOSTNAME=web']],
  ['a terminal has a TERM', { tty: true }, [], [PATH, 'HOSTNAME=web', 'TERM=xterm']],
  [
    'the manifest wins over the image, and an empty value is a value',
    { env: [{ name: 'A', value: 'manifest' }, { name: 'B' }] },
    ['A=image', 'C=kept=as is'],
    [PATH, 'A=manifest', 'C=kept=as is', 'HOSTNAME=web', 'B='],
  ],
  [
    'a value sees what stands before it, not what follows (E1)',
    {
      env: [
        { name: 'LATER', value: '$(FIRST)' },
        { name: 'FIRST', value: '1' },
        { name: 'SECOND', value: '$(FIRST)2' },
      ],
    },
    [],
    [PATH, 'HOSTNAME=web', 'LATER=$(FIRST)', 'FIRST=1', 'SECOND=12'],
  ],
]

describe('buildEnvironment', () => {
  for (const [rule, change, imageEnv, env] of ENVIRONMENTS) {
    it(rule, () => {
      const container = testContainer(change)
      assert.deepEqual(buildEnvironment(container, imageEnv, 'web', declared(container)), env)
    })
  }
})

const FIELDS: [fieldPath: string, value: string][] = [
  ['metadata.name', 'web'],
  ['metadata.namespace', 'default'],
  ['metadata.uid', '11111111-2222-3333-4444-555555555555'],
  ["metadata.labels['absent']", ''],
  ['spec.nodeName', 'this-machine'],
  ['spec.serviceAccountName', 'default'],
  ['status.hostIP', '192.0.2.2'],
  ['status.podIP', '10.88.0.2'],
  ['status.podIPs', '10.88.0.2'],
]

describe('declareEnvironment takes fields of the pod (E2)', () => {
  const withField = (fieldPath: string): Container =>
    testContainer({ env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath } } }] })

  for (const [fieldPath, value] of FIELDS) {
    it(fieldPath, () => assert.equal(declared(withField(fieldPath)).get('X'), value))
  }
})
