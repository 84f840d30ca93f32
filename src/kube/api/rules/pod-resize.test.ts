import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { V1Container } from '@kubernetes/client-node'
import { parsePod } from '../parse-pod.ts'
import type { Json, PodSpec } from '../pod.ts'
import { qosClass } from '../qos-class.ts'
import { checkResize, withResourcesOf } from './pod-resize.ts'

const BURSTABLE = { requests: { cpu: '100m', memory: '32Mi' }, limits: { cpu: '200m', memory: '64Mi' } }
const GUARANTEED = { requests: { cpu: '100m', memory: '32Mi' }, limits: { cpu: '100m', memory: '32Mi' } }

type Change = Partial<Record<'app' | 'side' | 'init', Partial<Json<V1Container>>>> & { readonly restartPolicy?: string }

function specOf(change: Change = {}): PodSpec {
  const container = (name: 'app' | 'side' | 'init'): Partial<Json<V1Container>> => ({
    ...{ name, image: 'x:1', resources: BURSTABLE },
    ...(name === 'side' && { restartPolicy: 'Always' }),
    ...change[name],
  })
  const spec = {
    initContainers: [container('init'), container('side')],
    containers: [container('app')],
    ...(change.restartPolicy !== undefined && { restartPolicy: change.restartPolicy }),
  }
  const parsed = parsePod({ metadata: { name: 'web' }, spec })
  if (!parsed.ok) throw new TypeError(parsed.problems.map(({ field, message }) => `${field}: ${message}`).join('; '))
  return parsed.value.spec
}

const amounts = (cpu: string): object => ({ resources: { ...BURSTABLE, requests: { cpu, memory: '32Mi' } } })

describe('Q6: a resize', () => {
  const allowed: [rule: string, change: Change][] = [
    ['may change what an app container asks for', { app: amounts('50m') }],
    ['may change what a sidecar asks for', { side: amounts('50m') }],
    ['may lower a memory limit', { app: { resources: { ...BURSTABLE, limits: { cpu: '200m', memory: '33Mi' } } } }],
    ['hears nothing of all else', { app: { ...amounts('50m'), image: 'other:2', command: ['true'] } }],
  ]
  for (const [rule, change] of allowed) {
    it(rule, () => {
      const current = specOf()
      const next = withResourcesOf(specOf(change), current)
      assert.deepEqual(checkResize(next, current, 'Burstable'), [])
      const [app] = next.containers
      assert.deepEqual([app?.image, app?.command], ['x:1', undefined])
      assert.notDeepEqual(next, current)
    })
  }

  const refused: [rule: string, from: Change, change: Change, field: string, message: string][] = [
    [
      'of the QoS class',
      { app: { resources: GUARANTEED }, side: { resources: GUARANTEED }, init: { resources: GUARANTEED } },
      { app: { resources: BURSTABLE }, side: { resources: GUARANTEED }, init: { resources: GUARANTEED } },
      'spec',
      'Invalid value: "Guaranteed": Pod QOS Class may not change as a result of resizing',
    ],
    [
      'that takes a limit away',
      {},
      { app: { resources: { requests: BURSTABLE.requests, limits: { cpu: '200m' } } } },
      'spec.containers[0].resources.limits',
      'Forbidden: resource limits cannot be removed',
    ],
    [
      'that takes a request away',
      { side: { resources: { requests: BURSTABLE.requests } } },
      { side: { resources: { requests: { cpu: '100m' } } } },
      'spec.initContainers[1].resources.requests',
      'Forbidden: resource requests cannot be removed',
    ],
    [
      'of other resources',
      {},
      { app: { resources: { ...BURSTABLE, requests: { ...BURSTABLE.requests, 'ephemeral-storage': '1Gi' } } } },
      'spec',
      'Forbidden: only cpu and memory resources are mutable',
    ],
    [
      'of the resize policy',
      {},
      { app: { resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] } },
      'spec',
      'Forbidden: only cpu and memory resources are mutable',
    ],
    [
      'of a sidecar, of other resources',
      {},
      { side: { resources: { ...BURSTABLE, requests: { ...BURSTABLE.requests, 'ephemeral-storage': '1Gi' } } } },
      'spec',
      'Forbidden: only cpu and memory resources for sidecar containers are mutable',
    ],
    [
      'of an init container',
      {},
      { init: amounts('50m') },
      'spec',
      'Forbidden: resources for non-sidecar init containers are immutable',
    ],
    [
      'that renames a container',
      {},
      { app: { name: 'other' } },
      'spec.containers[0].name',
      'Forbidden: containers may not be renamed or reordered on resize',
    ],
  ]
  for (const [rule, from, change, field, message] of refused) {
    it(`${rule} is refused`, () => {
      const current = specOf(from)
      const next = withResourcesOf(specOf(change), current)
      const found = checkResize(next, current, qosClass({ spec: current }))
      assert.deepEqual(
        found.map((each) => [each.field, each.message]),
        [[field, message]],
      )
    })
  }

  it('that adds or removes containers is refused', () => {
    const current = specOf()
    const [app] = current.containers
    const next = { ...current, containers: [...current.containers, { ...app, name: 'more' }] } as PodSpec
    assert.deepEqual(
      checkResize(withResourcesOf(next, current), current, 'Burstable').map(({ field, message }) => [field, message]),
      [['spec.containers', 'Forbidden: containers may not be added or removed on resize']],
    )
  })
})

describe('Q6: a resize policy', () => {
  const cpu = { resourceName: 'cpu', restartPolicy: 'RestartContainer' }
  const cases: [rule: string, change: Change, sentence: RegExp][] = [
    ['names each resource once', { app: { resizePolicy: [cpu, cpu] } }, /resizePolicy\[1\]: Duplicate value: "cpu"/],
    [
      'is for cpu and memory',
      { app: { resizePolicy: [{ ...cpu, resourceName: 'disk' }] } },
      /resizePolicy: Unsupported value: "disk": supported values: "cpu", "memory"/,
    ],
    [
      'is one of two',
      { app: { resizePolicy: [{ ...cpu, restartPolicy: 'Maybe' }] } },
      /resizePolicy: Unsupported value: "Maybe": supported values: "NotRequired", "RestartContainer"/,
    ],
    [
      'restarts nothing that is never restarted',
      { app: { resizePolicy: [cpu] }, restartPolicy: 'Never' },
      /resizePolicy: Invalid value: "RestartContainer": must be 'NotRequired' when `restartPolicy` is 'Never'/,
    ],
    ['is not for init containers', { init: { resizePolicy: [cpu] } }, /must not be set for init containers/],
  ]
  for (const [rule, change, sentence] of cases) {
    it(rule, () => assert.throws(() => specOf(change), sentence))
  }

  it('of a sidecar may restart it whatever becomes of the pod', () => {
    assert.equal(specOf({ side: { resizePolicy: [cpu] }, restartPolicy: 'Never' }).initContainers?.length, 2)
  })
})
