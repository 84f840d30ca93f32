import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../../failure.ts'
import type { Container } from '../../../kube/api/pod.ts'
import type { Sources } from '../sources/pod-sources.ts'
import { testContainer, testPod } from '../test-pod.ts'
import { apiVariables } from './api-variables.ts'
import { declareEnvironment } from './declare-environment.ts'
import { skippedSentence } from './read-env-from.ts'

const SETTINGS = { LEVEL: 'debug', 'my.key': 'dotted', '1st': 'no name' }
const SOURCES: Sources = {
  configMap: (name) => (name === 'settings' ? object('ConfigMap', SETTINGS) : undefined),
  secret: (name) =>
    name === 'keys' ? object('Secret', { WORD: Buffer.from('pässword').toString('base64'), LEVEL: 'eA==' }) : undefined,
}
const FACTS = {
  node: { nodeName: 'this-machine', podIPs: ['10.88.0.2'], hostIPs: ['192.0.2.2'] },
  sources: SOURCES,
  allocatable: { cpu: '4', memory: '8Gi', 'ephemeral-storage': '1000' },
  services: new Map([['KUBERNETES_SERVICE_HOST', '10.88.0.1']]),
}
const SERVICE = ['KUBERNETES_SERVICE_HOST', '10.88.0.1'] as const

function object<Data>(kind: string, data: Data): { apiVersion: string; kind: string; metadata: object; data: Data } {
  return { apiVersion: 'v1', kind, metadata: {}, data }
}

function declared(change: Partial<Container>): ReturnType<typeof declareEnvironment> {
  const container = testContainer(change)
  const other = testContainer({ name: 'other', resources: { limits: { cpu: '1500m' } } })
  return declareEnvironment(testPod({ containers: [container, other] }), container, FACTS)
}

type Env = NonNullable<Container['env']>
type EnvFrom = NonNullable<Container['envFrom']>

const ORDERS: [rule: string, change: { env?: Env; envFrom?: EnvFrom }, values: [string, string][]][] = [
  ['nothing but what the pod is told of services', {}, []],
  [
    'E1: all of a ConfigMap, with a prefix, which may make a name of what was none',
    { envFrom: [{ configMapRef: { name: 'settings' }, prefix: 'P_' }] },
    [
      ['P_LEVEL', 'debug'],
      ['P_my.key', 'dotted'],
      ['P_1st', 'no name'],
    ],
  ],
  [
    'E1: the later source wins, in the place of the first',
    {
      envFrom: [
        { configMapRef: { name: 'settings' }, prefix: 'X' },
        { secretRef: { name: 'keys' }, prefix: 'X' },
      ],
    },
    [
      ['XLEVEL', 'x'],
      ['Xmy.key', 'dotted'],
      ['X1st', 'no name'],
      ['XWORD', 'pässword'],
    ],
  ],
  [
    'E1: env wins over envFrom, and sees its values',
    {
      envFrom: [{ secretRef: { name: 'keys' } }],
      env: [
        { name: 'A', value: '$(LEVEL) $(B) $$(LEVEL)' },
        { name: 'LEVEL', value: 'high' },
        { name: 'B', value: '$(LEVEL)' },
      ],
    },
    [
      ['WORD', 'pässword'],
      ['LEVEL', 'high'],
      ['A', 'x $(B) $(LEVEL)'],
      ['B', 'high'],
    ],
  ],
  [
    'E1: what comes from an object is not expanded; a service is',
    {
      env: [
        { name: 'RAW', valueFrom: { configMapKeyRef: { name: 'settings', key: 'my.key' } } },
        { name: 'KEY', valueFrom: { secretKeyRef: { name: 'keys', key: 'WORD' } } },
        { name: 'URL', value: 'https://$(KUBERNETES_SERVICE_HOST)' },
      ],
    },
    [
      ['RAW', 'dotted'],
      ['KEY', 'pässword'],
      ['URL', 'https://10.88.0.1'],
    ],
  ],
  [
    'E1: what is optional and not there is left out',
    {
      envFrom: [{ configMapRef: { name: 'none', optional: true } }, { secretRef: { name: 'none', optional: true } }],
      env: [
        { name: 'A', valueFrom: { configMapKeyRef: { name: 'none', key: 'k', optional: true } } },
        { name: 'B', valueFrom: { configMapKeyRef: { name: 'settings', key: 'constructor', optional: true } } },
        { name: 'C', valueFrom: { secretKeyRef: { name: 'keys', key: 'k', optional: true } } },
      ],
    },
    [],
  ],
]

const RESOURCES: [resource: string, divisor: string | undefined, value: string][] = [
  ['limits.cpu', undefined, '2'],
  ['limits.cpu', '0', '2'],
  ['limits.cpu', '1m', '1500'],
  ['requests.cpu', undefined, '0'],
  ['requests.memory', '1Mi', '0'],
  ['limits.memory', '1Mi', '8192'],
  ['limits.ephemeral-storage', '1k', '1'],
  ['limits.hugepages-2Mi', '1', '0'],
]

const REFUSALS: [change: { env?: Env; envFrom?: EnvFrom }, message: string][] = [
  [{ envFrom: [{ configMapRef: { name: 'none' } }] }, 'configmap "none" not found'],
  [{ envFrom: [{ secretRef: { name: 'none' } }] }, 'secret "none" not found'],
  [{ env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'none', key: 'k' } } }] }, 'configmap "none" not found'],
  [
    { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'k' } } }] },
    "couldn't find key k in ConfigMap default/settings",
  ],
  [
    { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'keys', key: 'toString' } } }] },
    "couldn't find key toString in Secret default/keys",
  ],
  [
    { env: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', containerName: 'x' } } }] },
    'container x not found',
  ],
  [
    { env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.containers' } } }] },
    'set A of container "app": a pod has no field "spec.containers" to give it',
  ],
]

describe('declareEnvironment', () => {
  for (const [rule, change, values] of ORDERS) {
    it(rule, () => assert.deepEqual([...declared(change).values], [...values, SERVICE]))
  }

  it('E1: keys that are no names are told of', () => {
    const { values, skipped } = declared({ envFrom: [{ configMapRef: { name: 'settings' } }] })
    assert.deepEqual([...values.keys()], ['LEVEL', 'my.key', 'KUBERNETES_SERVICE_HOST'])
    assert.deepEqual(
      skipped.map((each) => skippedSentence(each, 'default')),
      [
        'Keys [1st] from the EnvFrom configMap default/settings were skipped since they are considered invalid environment variable names.',
      ],
    )
  })

  for (const [resource, divisor, value] of RESOURCES) {
    it(`E2: ${resource} in units of ${divisor ?? 'nothing'} is ${value}`, () => {
      const ref = { containerName: 'other', resource, ...(divisor === undefined ? {} : { divisor }) }
      assert.equal(declared({ env: [{ name: 'X', valueFrom: { resourceFieldRef: ref } }] }).values.get('X'), value)
    })
  }

  it('E2: a container that names none asks for its own resources', () => {
    const env = [{ name: 'X', valueFrom: { resourceFieldRef: { resource: 'requests.memory', divisor: '1k' } } }]
    const container = { env, resources: { requests: { memory: '1M' } } }
    assert.equal(declared(container).values.get('X'), '1000')
  })

  for (const [change, message] of REFUSALS) {
    it(`refuses: ${message}`, () => {
      assert.throws(() => declared(change), new Failure('CreateContainerConfigError', message))
    })
  }
})

describe('apiVariables', () => {
  it('are those of the Service of the API', () => {
    assert.deepEqual(Object.fromEntries(apiVariables({ host: '10.88.0.1', port: 6443 })), {
      KUBERNETES_SERVICE_HOST: '10.88.0.1',
      KUBERNETES_SERVICE_PORT: '6443',
      KUBERNETES_SERVICE_PORT_HTTPS: '6443',
      KUBERNETES_PORT: 'tcp://10.88.0.1:6443',
      KUBERNETES_PORT_6443_TCP: 'tcp://10.88.0.1:6443',
      KUBERNETES_PORT_6443_TCP_PROTO: 'tcp',
      KUBERNETES_PORT_6443_TCP_PORT: '6443',
      KUBERNETES_PORT_6443_TCP_ADDR: '10.88.0.1',
    })
  })
})
