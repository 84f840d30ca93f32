import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openMemoryStore } from '../store/memory-store.ts'
import { LEASES, type Node, NODES } from '../store/resources.ts'
import { nodeOf, type NodeReport, tellNode } from './tell-node.ts'

const REPORT: NodeReport = {
  facts: {
    name: 'laptop',
    labels: { 'kubernetes.io/arch': 'amd64' },
    allocatable: { cpu: '2', memory: '1Gi', pods: '110', 'ephemeral-storage': '1Gi' },
  },
  addresses: [{ type: 'InternalIP', address: '192.0.2.7' }],
  info: {
    ...{
      architecture: 'amd64',
      operatingSystem: 'linux',
      bootID: 'b',
      machineID: 'm',
      systemUUID: 's',
      kernelVersion: '6',
    },
    ...{ osImage: 'Debian', containerRuntimeVersion: 'crun://1', kubeletVersion: 'v1', kubeProxyVersion: '' },
  },
  images: [{ names: ['a:1'], sizeBytes: 5 }],
  isDiskFull: false,
}

const FIRST = '2026-01-02T00:00:00Z'
const LATER = '2026-01-02T00:10:00Z'

function conditions(node: Node): Record<string, string | undefined> {
  return Object.fromEntries((node.status?.conditions ?? []).map(({ type, status }) => [type, status]))
}

describe('nodeOf', () => {
  it('is ready, and nothing presses', () => {
    const node = nodeOf(REPORT, undefined, FIRST)
    assert.deepEqual(conditions(node), {
      MemoryPressure: 'False',
      DiskPressure: 'False',
      PIDPressure: 'False',
      Ready: 'True',
    })
    assert.deepEqual(node.status?.capacity, REPORT.facts.allocatable)
  })

  it('a condition that stays keeps the instant of its last change', () => {
    const first = nodeOf(REPORT, undefined, FIRST)
    const full = nodeOf({ ...REPORT, isDiskFull: true }, first, LATER)
    const changed = Object.fromEntries(
      (full.status?.conditions ?? []).map((each) => [each.type, each.lastTransitionTime]),
    )
    assert.deepEqual(changed, { MemoryPressure: FIRST, DiskPressure: LATER, PIDPressure: FIRST, Ready: FIRST })
    assert.ok(full.status?.conditions?.every(({ lastHeartbeatTime }) => lastHeartbeatTime === LATER))
  })

  it('keeps what others wrote: labels, taints, cordons', () => {
    const first = nodeOf(REPORT, undefined, FIRST)
    const cordoned: Node = {
      ...first,
      metadata: { ...first.metadata, labels: { ...first.metadata.labels, mine: 'yes' } },
      spec: { unschedulable: true },
    }
    const next = nodeOf(REPORT, cordoned, LATER)
    assert.deepEqual(next.metadata.labels, { mine: 'yes', 'kubernetes.io/arch': 'amd64' })
    assert.deepEqual(next.spec, { unschedulable: true })
    assert.equal(next.metadata.uid, first.metadata.uid)
  })
})

describe('tellNode', () => {
  it('makes the Node and its Lease', async () => {
    const store = openMemoryStore()
    const stopping = new AbortController()
    const parts = { store, nowMs: () => Date.parse(FIRST), log: assert.fail, report: () => Promise.resolve(REPORT) }
    const running = tellNode(parts, stopping.signal)
    const watch = store.watch({ resource: LEASES, fromResourceVersion: '0', signal: AbortSignal.timeout(5000) })
    for await (const event of watch) {
      if (event.type !== 'ADDED') continue
      assert.equal(event.object.metadata.name, 'laptop')
      assert.equal(event.object.spec?.renewTime, '2026-01-02T00:00:00.000000Z')
      break
    }
    const node = store.get(NODES, { name: 'laptop' })
    assert.ok(node !== undefined)
    assert.equal(conditions(node)['Ready'], 'True')
    stopping.abort()
    await running
    await store.close()
  })
})
