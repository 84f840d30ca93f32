import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Pod, PodSpec } from '../../kube/api/pod.ts'
import { openMemoryStore } from '../store/memory-store.ts'
import { EVENTS, NODES, PODS } from '../store/resources.ts'
import { schedulePods } from './schedule-pods.ts'

/** Newer schedulers say more of it. */
const recorded = JSON.parse(
  readFileSync(new URL('testdata/too-much-cpu-asked.json', import.meta.url), 'utf8'),
) as RecordedScheduling

interface RecordedScheduling {
  readonly spec: object
  readonly history: readonly {
    readonly status: {
      readonly phase: string
      readonly conditions?: readonly Readonly<Record<'type' | 'status' | 'reason' | 'message', string>>[]
    }
  }[]
  readonly events: readonly Readonly<Record<'type' | 'reason' | 'message' | 'source', string>>[]
}

const NOW_MS = Date.parse('2026-11-20T09:15:00Z')

class Cluster implements AsyncDisposable {
  readonly store = openMemoryStore()
  readonly #stop = new AbortController()
  readonly #running = schedulePods(
    {
      store: this.store,
      node: { name: 'here', labels: {}, allocatable: { cpu: '2', pods: '10' } },
      nowMs: () => NOW_MS,
      log: (line) => assert.fail(line),
    },
    this.#stop.signal,
  )

  async create(name: string, cpu: string, spec: Partial<PodSpec> = {}): Promise<void> {
    const containers = [{ name: 'app', image: 'x', resources: { requests: { cpu } } }]
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default', uid: `uid-of-${name}`, generation: 1 },
      spec: { containers, restartPolicy: 'Always', ...spec },
      status: { phase: 'Pending' },
    }
    await this.store.create(PODS, pod as unknown as Pod)
    await this.settled()
  }

  pod(name: string): Pod | undefined {
    return this.store.get(PODS, { namespace: 'default', name })
  }

  node(name: string): string | undefined {
    return this.pod(name)?.spec.nodeName
  }

  get events(): string[] {
    return this.store
      .list(EVENTS)
      .items.map(({ reason, involvedObject, count }) => `${reason} ${involvedObject.name} ${count}`)
  }

  /** All that a change brings about happens in turns of the event loop. */
  async settled(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) await setImmediate()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#running
    await this.store.close()
  }
}

describe('pods are given to the node', () => {
  it('but not those of another scheduler, which binds them itself', async () => {
    await using cluster = new Cluster()
    await cluster.create('theirs', '2', { schedulerName: 'my-scheduler' })
    assert.deepEqual([cluster.node('theirs'), cluster.events], [undefined, []])
    await cluster.create('ours', '2', { schedulerName: 'default-scheduler' })
    assert.equal(cluster.node('ours'), 'here')
    assert.equal(cluster.pod('theirs')?.status?.conditions, undefined)
  })

  it('Q6: once another one was resized, and takes less', async () => {
    await using cluster = new Cluster()
    await cluster.create('large', '2')
    await cluster.create('waits', '1')
    assert.equal(cluster.node('waits'), undefined)
    const resized = async (cpu: string, promised: string): Promise<void> => {
      await cluster.store.modify(PODS, { namespace: 'default', name: 'large' }, (pod) => {
        const { generation = 1 } = pod.metadata
        const containers = [
          { ...pod.spec.containers[0], resources: { requests: { cpu } } },
        ] as Pod['spec']['containers']
        const status = { name: 'app', image: '', imageID: '', ready: true, restartCount: 0 }
        return {
          ...pod,
          metadata: { ...pod.metadata, generation: generation + 1 },
          spec: { ...pod.spec, containers },
          status: { ...pod.status, containerStatuses: [{ ...status, allocatedResources: { cpu: promised } }] },
        }
      })
      await cluster.settled()
    }
    await resized('1', '2')
    assert.equal(cluster.node('waits'), undefined)
    await resized('1', '1')
    assert.equal(cluster.node('waits'), 'here')
  })

  it('as soon as they are there, told as a condition and an event', async () => {
    await using cluster = new Cluster()
    await cluster.create('a', '1')
    assert.equal(cluster.node('a'), 'here')
    assert.deepEqual(cluster.pod('a')?.status, {
      phase: 'Pending',
      conditions: [
        { type: 'PodScheduled', status: 'True', observedGeneration: 1, lastTransitionTime: '2026-11-20T09:15:00Z' },
      ],
    })
    const [event] = cluster.store.list(EVENTS).items
    assert.equal(event?.message, 'Successfully assigned default/a to here')
    assert.deepEqual(event.source, { component: 'default-scheduler' })
  })

  it('one that does not fit waits, and is tried again when another one ends or goes', async () => {
    await using cluster = new Cluster()
    await cluster.create('a', '1')
    await cluster.create('b', '1')
    await cluster.create('c', '1')
    const sentence =
      '0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, ' +
      'preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.'
    assert.equal(cluster.node('c'), undefined)
    const [condition] = cluster.pod('c')?.status?.conditions ?? []
    assert.deepEqual([condition?.status, condition?.reason, condition?.message], ['False', 'Unschedulable', sentence])
    const isOver = { phase: 'Succeeded' } as const
    await cluster.store.modify(PODS, { namespace: 'default', name: 'a' }, (pod) => ({ ...pod, status: isOver }))
    await cluster.settled()
    assert.equal(cluster.node('c'), 'here')
    assert.deepEqual(cluster.events.sort(), ['FailedScheduling c 1', 'Scheduled a 1', 'Scheduled b 1', 'Scheduled c 1'])

    await cluster.create('d', '1')
    assert.equal(cluster.node('d'), undefined)
    await cluster.store.delete(PODS, { namespace: 'default', name: 'b' })
    await cluster.settled()
    assert.equal(cluster.node('d'), 'here')
  })

  it('those that come while the node is cordoned, or tainted, wait until it is not', async () => {
    await using cluster = new Cluster()
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'here' } }
    await cluster.store.create(NODES, { ...node, spec: { unschedulable: true } })
    await cluster.create('a', '1')
    assert.equal(cluster.node('a'), undefined)
    const condition = (): string | undefined => cluster.pod('a')?.status?.conditions?.[0]?.message
    assert.match(condition() ?? '', /^0\/1 nodes are available: 1 node\(s\) were unschedulable\. /)
    await cluster.store.update(NODES, { ...node, spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } })
    await cluster.settled()
    assert.match(condition() ?? '', /^0\/1 nodes are available: 1 node\(s\) had untolerated taint\(s\)\. /)
    await cluster.create('tolerant', '1', { tolerations: [{ operator: 'Exists' }] })
    assert.equal(cluster.node('tolerant'), 'here')
    await cluster.store.update(NODES, node)
    await cluster.settled()
    assert.equal(cluster.node('a'), 'here')
  })

  it('a label that somebody gives the node counts', async () => {
    await using cluster = new Cluster()
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'here' } }
    await cluster.store.create(NODES, node)
    await cluster.create('picky', '1', { nodeSelector: { disk: 'fast' } })
    assert.equal(cluster.node('picky'), undefined)
    await cluster.store.update(NODES, { ...node, metadata: { name: 'here', labels: { disk: 'fast' } } })
    await cluster.settled()
    assert.equal(cluster.node('picky'), 'here')
  })

  it('of those that wait the one of the highest priority comes first; a smaller one need not wait for a larger', async () => {
    await using cluster = new Cluster()
    await cluster.create('full', '2')
    await cluster.create('low', '2')
    await cluster.create('high', '1500m', { priority: 10 })
    await cluster.create('small', '500m')
    await cluster.store.delete(PODS, { namespace: 'default', name: 'full' })
    await cluster.settled()
    assert.deepEqual(
      ['high', 'small', 'low'].map((name) => cluster.node(name)),
      ['here', 'here', undefined],
    )
    assert.ok(cluster.events.includes('FailedScheduling low 2'), cluster.events.join())
  })

  it('a pod whose manifest names the node passes no scheduler, but takes its share', async () => {
    await using cluster = new Cluster()
    await cluster.create('own', '2', { nodeName: 'here' })
    await cluster.create('late', '1')
    assert.equal(cluster.node('late'), undefined)
    assert.deepEqual(cluster.events, ['FailedScheduling late 1'])
  })

  it('a node that is not there is told, once, and its pod goes when it is deleted', async () => {
    await using cluster = new Cluster()
    await cluster.create('lost', '1', { nodeName: 'moon' })
    await cluster.store.modify(PODS, { namespace: 'default', name: 'lost' }, (pod) => ({
      ...pod,
      metadata: { ...pod.metadata, labels: { a: 'b' } },
    }))
    await cluster.settled()
    assert.deepEqual(cluster.events, ['FailedScheduling lost 1'])
    await cluster.store.modify(PODS, { namespace: 'default', name: 'lost' }, (pod) => ({
      ...pod,
      metadata: { ...pod.metadata, deletionTimestamp: '2026-11-20T09:15:30Z' },
    }))
    await cluster.settled()
    assert.equal(cluster.pod('lost'), undefined)
  })

  it('gates of others stay: only its own condition is written', async () => {
    await using cluster = new Cluster()
    await cluster.create('full', '2')
    await cluster.create('a', '1')
    await cluster.store.modify(PODS, { namespace: 'default', name: 'a' }, (pod) => ({
      ...pod,
      status: { ...pod.status, conditions: [{ type: 'mine', status: 'True' }, ...(pod.status?.conditions ?? [])] },
    }))
    await cluster.store.delete(PODS, { namespace: 'default', name: 'full' })
    await cluster.settled()
    assert.deepEqual(
      cluster.pod('a')?.status?.conditions?.map(({ type, status }) => `${type} ${status}`),
      ['mine True', 'PodScheduled True'],
    )
  })

  it('too-much-cpu-asked: the states and events that a Kubernetes cluster showed', async () => {
    await using cluster = new Cluster()
    const { spec, history, events } = recorded
    await cluster.create('too-much', '500', spec)
    const [, last] = history
    const today =
      ' no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.'
    const told = (status: Pod['status']) => ({
      phase: status?.phase,
      conditions: status?.conditions?.map(({ type, status: is, reason, message }) => [type, is, reason, message]),
    })
    const expected = last?.status.conditions?.map((one) => [one.type, one.status, one.reason, one.message + today])
    assert.deepEqual(told(cluster.pod('too-much')?.status), { phase: last?.status.phase, conditions: expected })
    assert.deepEqual(
      cluster.store
        .list(EVENTS)
        .items.map(({ type, reason, message, source }) => [type, reason, message, source?.component]),
      // There it was tried twice.
      events.slice(0, 1).map(({ type, reason, message, source }) => [type, reason, message + today, source]),
    )
  })
})
