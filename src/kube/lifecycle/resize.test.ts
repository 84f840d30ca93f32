import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Container, Pod } from '../api/pod.ts'
import type { Allocation, Amounts } from './allocation.ts'
import { podAsAllocated, wantedAllocation } from './allocation.ts'
import { computePodActions } from './compute-pod-actions.ts'
import { computePodStatus } from './compute-pod-status.ts'
import type { ResizeDecision } from './decide-resize.ts'
import { decideResize } from './decide-resize.ts'
import { claimOf } from './node-fit.ts'
import type { ObservedContainer, ObservedPod, ObservedResize } from './observed-pod.ts'
import type { PodAction } from './pod-action.ts'
import { resizeMessage } from './resize-message.ts'
import {
  NOW_MS,
  exited,
  lookAgainIn,
  record,
  running,
  sampleContainer,
  samplePod,
  seenPod,
  start,
  terminate,
} from './sample-pod.ts'

const OLD: Amounts = { limits: { cpu: '200m', memory: '64Mi' }, requests: { cpu: '100m', memory: '32Mi' } }
const NEW: Amounts = { limits: { cpu: '400m', memory: '64Mi' }, requests: { cpu: '300m', memory: '32Mi' } }
const NODE = { name: 'here', labels: {}, allocatable: { cpu: '2', memory: '4Gi', pods: '110' } }

function podWith(amounts: Amounts, change: Partial<Container> = {}): Pod {
  return samplePod(
    { initContainers: [], containers: [sampleContainer('web', { resources: amounts, ...change })] },
    { generation: 2 },
  )
}

describe('Q6: the node is asked for other amounts', () => {
  const others = (cpu: string) => () => [claimOf(podWith({ requests: { cpu } }))]
  const cases: [rule: string, wanted: Amounts, otherCpu: string, decision: ResizeDecision][] = [
    [
      'the same ones, in other words',
      { limits: OLD.limits ?? {}, requests: { cpu: '0.1', memory: '32768Ki' } },
      '0',
      { is: 'in-force' },
    ],
    ['others that fit', NEW, '1700m', { is: 'promised', allocation: { web: NEW } }],
    [
      'others that do not fit beside the rest',
      NEW,
      '1800m',
      {
        is: 'pending',
        reason: 'Deferred',
        message: "Node didn't have enough resource: cpu, requested: 300, used: 1800, capacity: 2000",
      },
    ],
    [
      'others that would never fit',
      { requests: { cpu: '3' } },
      '0',
      {
        is: 'pending',
        reason: 'Infeasible',
        message: "Node didn't have enough capacity: cpu, requested: 3000, capacity: 2000",
      },
    ],
    [
      'memory is looked at first',
      { requests: { cpu: '3', memory: '5Gi' } },
      '0',
      {
        is: 'pending',
        reason: 'Infeasible',
        message: "Node didn't have enough capacity: memory, requested: 5368709120, capacity: 4294967296",
      },
    ],
  ]
  for (const [rule, wanted, otherCpu, decision] of cases) {
    it(rule, () => {
      assert.deepEqual(decideResize(podWith(wanted), { web: OLD }, { node: NODE, claims: others(otherCpu) }), decision)
    })
  }

  it('only app containers and sidecars have some', () => {
    const pod = samplePod()
    assert.deepEqual(wantedAllocation(pod), { proxy: {}, web: {}, worker: {} })
    const allocated: Allocation = { migrate: OLD, proxy: OLD }
    const { initContainers = [] } = podAsAllocated(pod, allocated).spec
    assert.deepEqual(
      initContainers.map(({ resources }) => resources),
      [undefined, OLD],
    )
  })
})

describe('Q6: a promised resize is carried out', () => {
  const RESTARTS = { resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] }
  const on = (amounts: Amounts): ObservedContainer => running({}, { amounts })
  const step = (is: ObservedResize['step']): Partial<ObservedPod> => ({ resizing: { generation: 2, step: is } })
  const RESIZE: PodAction = { do: 'resize' }
  const stopped = exited(0, { amounts: OLD }, { stoppedBecause: 'Resized' })
  const cases: [
    rule: string,
    change: Partial<Container>,
    seen: Partial<ObservedPod>,
    web: ObservedContainer,
    PodAction[],
  ][] = [
    ['nothing is asked for: nothing is done', {}, {}, on(NEW), []],
    ['once it is promised', {}, step('due'), on(OLD), [RESIZE]],
    ['not twice at once', {}, step('under-way'), on(OLD), []],
    [
      'after a failure it is tried again',
      {},
      step({ failed: 'x', failedAtMs: NOW_MS - 9_000 }),
      on(OLD),
      [lookAgainIn(1_000)],
    ],
    ['… after ten seconds', {}, step({ failed: 'x', failedAtMs: NOW_MS - 10_000 }), on(OLD), [RESIZE]],
    [
      'a container whose policy says so is stopped',
      RESTARTS,
      step('restarting'),
      on(OLD),
      [terminate('web', 30, 'Resized')],
    ],
    ['… not before the pod has room for it', RESTARTS, step('due'), on(OLD), [RESIZE]],
    [
      '… not for what its policy is not about',
      RESTARTS,
      step('restarting'),
      on({ ...NEW, limits: { ...NEW.limits, memory: '1Gi' } }),
      [RESIZE],
    ],
    ['… and is waited for while it comes back', RESTARTS, step('restarting'), stopped, [start('web')]],
    ['once it runs again, the rest is done', RESTARTS, step('restarting'), on(NEW), [RESIZE]],
    ['one that was made before and started after it', {}, {}, on(OLD), [RESIZE]],
    ['one of which nobody knows what it was made with is left alone', {}, {}, running(), []],
    [
      'what does not run is made with what was promised',
      {},
      step('restarting'),
      record({ is: 'starting', sinceMs: NOW_MS }),
      [RESIZE],
    ],
  ]
  for (const [rule, change, seen, web, actions] of cases) {
    it(rule, () => {
      const observed = { ...seenPod({ web }), allocated: { web: NEW }, ...seen }
      assert.deepEqual(computePodActions(podWith(NEW, change), observed, NOW_MS), actions)
    })
  }
})

describe('Q6: a resize is told', () => {
  const told = (seen: Partial<ObservedPod>) => {
    const observed = { ...seenPod({ web: running({}, { amounts: OLD }) }), allocated: { web: OLD }, ...seen }
    const { conditions = [], containerStatuses: [web] = [] } = computePodStatus(
      podWith(NEW),
      observed,
      undefined,
      NOW_MS,
    )
    return { web, resize: conditions.filter(({ type }) => type.startsWith('PodResize')) }
  }
  const at = '2026-11-20T09:15:00Z'

  it('what it was promised, and what it runs with', () => {
    const { web, resize } = told({ allocated: { web: NEW } })
    assert.deepEqual([web?.allocatedResources, web?.resources, resize], [NEW.requests, OLD, []])
  })

  it('as pending, with the reason', () => {
    const resizePending = { reason: 'Deferred', message: 'no room', generation: 2 } as const
    const { web, resize } = told({ resizePending })
    assert.deepEqual(web?.allocatedResources, OLD.requests)
    assert.deepEqual(resize, [
      {
        type: 'PodResizePending',
        status: 'True',
        observedGeneration: 2,
        lastTransitionTime: at,
        reason: 'Deferred',
        message: 'no room',
      },
    ])
  })

  const steps: [step: ObservedResize['step'], more: object][] = [
    ['under-way', {}],
    [
      { failed: 'cannot', failedAtMs: NOW_MS },
      { reason: 'Error', message: 'cannot' },
    ],
  ]
  for (const [step, more] of steps) {
    it(`in progress: ${typeof step === 'object' ? 'failed' : step}`, () => {
      assert.deepEqual(told({ resizing: { generation: 1, step } }).resize, [
        { type: 'PodResizeInProgress', status: 'True', observedGeneration: 1, lastTransitionTime: at, ...more },
      ])
    })
  }

  it('as events, with all that is asked for', () => {
    const pod = podWith({ requests: { memory: '32Mi', cpu: '1' } })
    assert.equal(
      resizeMessage('Deferred', pod, { generation: 3, error: 'no "room"' }),
      'Pod resize Deferred: {"containers":[{"name":"web","resources":{"requests":{"cpu":"1","memory":"32Mi"}}}],' +
        '"generation":3,"error":"no \\"room\\""}',
    )
  })
})
