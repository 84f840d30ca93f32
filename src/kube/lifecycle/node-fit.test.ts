import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Container, Pod, PodSpec } from '../api/pod.ts'
import { claimOf, holdsNode } from './node-fit.ts'
import type { NodeFacts } from './node-fit.ts'
import { sampleContainer, samplePod } from './sample-pod.ts'
import { whyRejected } from './why-rejected.ts'
import { whyUnschedulable } from './why-unschedulable.ts'

const NODE: NodeFacts = {
  name: 'here',
  labels: { disk: 'ssd', cores: '2' },
  allocatable: { cpu: '2', memory: '4Gi', 'ephemeral-storage': '10Gi', pods: '3' },
}

function asking(requests: Record<string, string>, change: Partial<Container> = {}): Container {
  return sampleContainer('web', { resources: { requests }, ...change })
}

function podOf(spec: Partial<PodSpec>): Pod {
  return samplePod({ initContainers: [], containers: [sampleContainer('web')], ...spec })
}

const cpus = (cpu: string): Pod => podOf({ containers: [asking({ cpu })] })
const withPort = (hostPort: number, hostIP?: string): Pod =>
  podOf({
    containers: [sampleContainer('web', { ports: [{ containerPort: 80, hostPort, ...(hostIP && { hostIP }) }] })],
  })
const requiring = (key: string, operator: string, values?: string[]): Partial<PodSpec> => {
  const matchExpressions = [{ key, operator, ...(values && { values }) }]
  const required = { nodeSelectorTerms: [{ matchExpressions }] }
  return { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } } }
}

const LABELS = "node(s) didn't match Pod's node affinity/selector"
const PORTS = "node(s) didn't have free ports for the requested pod ports"
const NEVER = 'Preemption is not helpful for scheduling'
const NOT_NOW = 'No preemption victims found for incoming pod'

describe('a pod that does not fit the node (Q1)', () => {
  type Row = readonly [rule: string, pod: Pod, others: readonly Pod[], misses: string, preemption: string, told: string]
  const rows: readonly Row[] = [
    [
      'more than the node has',
      cpus('500'),
      [],
      'Insufficient cpu',
      NEVER,
      "OutOfcpu: Node didn't have enough resource: cpu, requested: 500000, used: 0, capacity: 2000",
    ],
    [
      'more than others leave',
      cpus('600m'),
      [cpus('1'), cpus('500m')],
      'Insufficient cpu',
      NOT_NOW,
      "OutOfcpu: Node didn't have enough resource: cpu, requested: 600, used: 1500, capacity: 2000",
    ],
    [
      'all that is short is told, in the order of the alphabet',
      podOf({ containers: [asking({ memory: '5Gi', cpu: '3', 'ephemeral-storage': '11Gi' })] }),
      [],
      'Insufficient cpu, 1 Insufficient ephemeral-storage, 1 Insufficient memory',
      NEVER,
      "OutOfmemory: Node didn't have enough resource: memory, requested: 5368709120, used: 0, capacity: 4294967296",
    ],
    [
      'something that the node does not have at all',
      podOf({ containers: [asking({ 'example.com/gpu': '1' })] }),
      [],
      'Insufficient example.com/gpu',
      NEVER,
      "OutOfexample.com/gpu: Node didn't have enough resource: example.com/gpu, requested: 1, used: 0, capacity: 0",
    ],
    [
      'one pod too many',
      podOf({}),
      [podOf({}), podOf({}), podOf({})],
      'Too many pods',
      NOT_NOW,
      "OutOfpods: Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3",
    ],
    [
      'a label that the node lacks',
      podOf({ nodeSelector: { disk: 'hdd' } }),
      [],
      LABELS,
      NEVER,
      `NodeAffinity: ${LABELS}`,
    ],
    [
      'an affinity it does not meet',
      podOf(requiring('disk', 'NotIn', ['ssd'])),
      [],
      LABELS,
      NEVER,
      `NodeAffinity: ${LABELS}`,
    ],
    ['a host port that is taken', withPort(80), [withPort(80, '127.0.0.1')], PORTS, NOT_NOW, `NodePorts: ${PORTS}`],
    [
      'labels come before resources for a scheduler, resources first for a node',
      podOf({ nodeSelector: { disk: 'hdd' }, containers: [asking({ cpu: '3' })] }),
      [],
      LABELS,
      NEVER,
      "OutOfcpu: Node didn't have enough resource: cpu, requested: 3000, used: 0, capacity: 2000",
    ],
  ]
  for (const [rule, pod, others, misses, preemption, told] of rows) {
    it(rule, () => {
      const claims = others.map(claimOf)
      const tail = `no new claims to deallocate, preemption: 0/1 nodes are available: 1 ${preemption}.`
      assert.equal(whyUnschedulable(pod, NODE, claims), `0/1 nodes are available: 1 ${misses}. ${tail}`)
      const rejection = whyRejected(pod, NODE, claims)
      const reason = rejection?.reason ?? ''
      assert.equal(`${reason}: ${rejection?.message}`.replace(`Predicate ${reason} failed: `, ''), told)
    })
  }
})

describe('a pod that fits', () => {
  const rows: readonly (readonly [rule: string, pod: Pod, others: readonly Pod[]])[] = [
    ['an empty node', podOf({}), []],
    ['to the last thousandth', cpus('500m'), [cpus('1500m')]],
    ['who asks for nothing fits a node that is full', podOf({}), [cpus('2')]],
    ['another address', withPort(80, '127.0.0.2'), [withPort(80, '127.0.0.1')]],
    ['another port', withPort(81), [withPort(80)]],
    ['its label', podOf({ nodeSelector: { disk: 'ssd' } }), []],
    ...[
      requiring('disk', 'In', ['hdd', 'ssd']),
      requiring('disk', 'Exists'),
      requiring('gpu', 'DoesNotExist'),
      requiring('gpu', 'NotIn', ['a']),
      requiring('cores', 'Gt', ['1']),
      requiring('cores', 'Lt', ['3']),
    ].map((spec) => [JSON.stringify(spec), podOf(spec), []] as const),
  ]
  for (const [rule, pod, others] of rows) {
    it(rule, () => {
      assert.equal(whyUnschedulable(pod, NODE, others.map(claimOf)), undefined)
      assert.equal(whyRejected(pod, NODE, others.map(claimOf)), undefined)
    })
  }

  it('preferences keep nobody away, and a term that asks for nothing is met by none', () => {
    const preference = { matchExpressions: [{ key: 'disk', operator: 'In', values: ['hdd'] }] }
    const preferred = [{ weight: 1, preference }]
    const affinity = { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred } }
    assert.equal(whyUnschedulable(podOf({ affinity }), NODE, []), undefined)
    const required = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{}] } }
    assert.notEqual(whyUnschedulable(podOf({ affinity: { nodeAffinity: required } }), NODE, []), undefined)
  })
})

it('a pod takes its share from the moment it has a node until it is over', () => {
  const bound = podOf({ nodeName: 'here' })
  assert.deepEqual(
    [
      podOf({}),
      bound,
      ...(['Running', 'Succeeded', 'Failed'] as const).map((phase) => ({ ...bound, status: { phase } })),
    ].map(holdsNode),
    [false, true, true, false, false],
  )
})
