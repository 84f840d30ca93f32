import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Container, PodSpec } from '../../kube/api/pod.ts'
import type { ResourcePlan } from '../../machine/runtime/container-runtime.ts'
import { buildContainerResources, buildOomScoreAdj, buildPodResources } from './container-resources.ts'
import { testContainer, testPod } from './test-pod.ts'

const MIB = 1_048_576
const GIB = 1_073_741_824

function using(name: string, amounts: Container['resources'], change: Partial<Container> = {}): Container {
  return testContainer({ name, ...(amounts === undefined ? {} : { resources: amounts }), ...change })
}

const CONTAINERS: [rule: string, resources: Container['resources'], plan: ResourcePlan][] = [
  ['nothing asked: the least share, no limit', undefined, { cpuShares: 2 }],
  ['a request is a share', { requests: { cpu: '500m', memory: '1Gi' } }, { cpuShares: 512 }],
  [
    'limits are a quota and a limit; the request follows the limit',
    { limits: { cpu: '250m', memory: '64Mi' } },
    { cpuShares: 256, cpuPeriodUs: 100_000, cpuQuotaUs: 25_000, memoryLimitBytes: 64 * MIB },
  ],
  [
    'the smallest quota a kernel takes',
    { limits: { cpu: '1m' } },
    { cpuShares: 2, cpuPeriodUs: 100_000, cpuQuotaUs: 1_000 },
  ],
  ['a limit of 0 is no limit', { limits: { cpu: '0', memory: '0' } }, { cpuShares: 2 }],
]

describe('buildContainerResources', () => {
  for (const [rule, resources, plan] of CONTAINERS) {
    it(rule, () => assert.deepEqual(buildContainerResources(using('app', resources)), plan))
  }
})

const PODS: [rule: string, spec: Partial<PodSpec>, plan: ResourcePlan][] = [
  [
    'Q1: app containers add up; a container without a limit leaves the pod without one',
    { containers: [using('a', { limits: { cpu: '1', memory: '1Gi' } }), using('b', { requests: { cpu: '1' } })] },
    { cpuShares: 2048 },
  ],
  [
    'Q1: limits hold when every container has them',
    {
      containers: [
        using('a', { limits: { cpu: '1', memory: '1Gi' } }),
        using('b', { limits: { cpu: '1', memory: '1Gi' } }),
      ],
    },
    { cpuShares: 2048, cpuPeriodUs: 100_000, cpuQuotaUs: 200_000, memoryLimitBytes: 2 * GIB },
  ],
  [
    'Q1: an init container counts alone, with the sidecars before it',
    {
      initContainers: [
        using('sidecar', { requests: { cpu: '1' } }, { restartPolicy: 'Always' }),
        using('init', { requests: { cpu: '4' } }),
      ],
      containers: [using('app', { requests: { cpu: '2' } })],
    },
    { cpuShares: 5120 },
  ],
]

describe('buildPodResources', () => {
  for (const [rule, spec, plan] of PODS) it(rule, () => assert.deepEqual(buildPodResources(testPod(spec)), plan))
})

const guaranteed = { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1', memory: '1Gi' } }
const sidecar = using('sidecar', { requests: { memory: '1Gi' } }, { restartPolicy: 'Always' })

const SCORES: [rule: string, spec: Partial<PodSpec>, of: number, score: number][] = [
  ['Q3: BestEffort ends first', {}, 0, 1000],
  ['Q3: Guaranteed ends last', { containers: [using('a', guaranteed)] }, 0, -997],
  ['Q3: Burstable by its share of the machine', { containers: [using('a', { requests: { memory: '1Gi' } })] }, 0, 750],
  [
    'Q3: Burstable without memory stays before BestEffort',
    { containers: [using('a', { requests: { cpu: '1' } })] },
    0,
    999,
  ],
  [
    'Q3: a sidecar does not end before an app container',
    { initContainers: [sidecar], containers: [using('a', { requests: { memory: '2Gi' } })] },
    -1,
    500,
  ],
]

describe('buildOomScoreAdj', () => {
  for (const [rule, spec, of, score] of SCORES) {
    it(rule, () => {
      const pod = testPod(spec)
      const container = of < 0 ? pod.spec.initContainers?.[0] : pod.spec.containers[of]
      assert.ok(container)
      assert.equal(buildOomScoreAdj(pod, container, 4 * GIB), score)
    })
  }
})
