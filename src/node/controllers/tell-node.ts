import { isDeepStrictEqual } from 'node:util'
import { setTimeout as pause } from 'node:timers/promises'
import type { V1NodeAddress, V1NodeCondition, V1ContainerImage, V1NodeSystemInfo } from '@kubernetes/client-node'
import { rfc3339 } from '../../kube/api/rfc3339.ts'
import { Failure, messageOf } from '../../failure.ts'
import type { NodeFacts } from '../../kube/lifecycle/node-fit.ts'
import type { Json } from '../../kube/api/pod.ts'
import { LEASES, type Node, NODES } from '../store/resources.ts'
import type { KubeObject, Resource, Store } from '../store/store.ts'

/** What this machine is now. */
export interface NodeReport {
  readonly facts: NodeFacts
  readonly addresses: readonly Json<V1NodeAddress>[]
  readonly info: Json<V1NodeSystemInfo>
  readonly images: readonly Json<V1ContainerImage>[]
  /** Whether the disk of containers and images is nearly full. */
  readonly isDiskFull: boolean
}

export interface NodeParts {
  readonly store: Store
  readonly nowMs: () => number
  readonly log: (line: string) => void
  readonly report: () => Promise<NodeReport>
}

/** As the kubelet: a sign of life so often; what the status says is written when it changes, and now and then. */
const LEASE_EVERY_MS = 10_000
const LEASE_SECONDS = 40
const STATUS_EVERY_MS = 300_000
const LEASE_NAMESPACE = 'kube-node-lease'

/** Keeps the Node of this machine and its Lease true until the signal aborts. Of its last status it stays. */
export async function tellNode(parts: NodeParts, signal: AbortSignal): Promise<void> {
  let toldAtMs = -Infinity
  while (!signal.aborted) {
    try {
      const report = await parts.report()
      const nowMs = parts.nowMs()
      const isDue = nowMs - toldAtMs >= STATUS_EVERY_MS || nowMs < toldAtMs
      if (await writeNode(parts, report, isDue)) toldAtMs = nowMs
      await renewLease(parts, report.facts.name)
    } catch (error) {
      parts.log(`tell of this node: ${messageOf(error)}`)
    }
    await pause(LEASE_EVERY_MS, undefined, { signal }).catch(() => undefined)
  }
}

/** @returns whether it was written. */
async function writeNode({ store, nowMs }: NodeParts, report: NodeReport, isDue: boolean): Promise<boolean> {
  const { name } = report.facts
  const at = rfc3339(nowMs())
  let isWritten = false
  await putObject<Node>(store, NODES, { name }, (current) => {
    const next = nodeOf(report, current, at)
    isWritten =
      isDue || current === undefined || !isDeepStrictEqual(withoutHeartbeats(next), withoutHeartbeats(current))
    return isWritten || current === undefined ? next : current
  })
  return isWritten
}

/** The Node as it is to be told, with what others wrote into it as it was. */
export function nodeOf(
  { facts, addresses, info, images, isDiskFull }: NodeReport,
  current: Node | undefined,
  at: string,
): Node {
  const { name, labels, allocatable } = facts
  const metadata = current?.metadata ?? { name, uid: crypto.randomUUID(), creationTimestamp: at }
  const conditions = conditionsOf(isDiskFull).map((condition): Json<V1NodeCondition> => {
    const last = current?.status?.conditions?.find(({ type }) => type === condition.type)
    const since = last?.status === condition.status ? (last.lastTransitionTime ?? at) : at
    return { ...condition, lastHeartbeatTime: at, lastTransitionTime: since }
  })
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { ...metadata, labels: { ...metadata.labels, ...labels } },
    spec: current?.spec ?? {},
    status: {
      ...current?.status,
      capacity: allocatable,
      allocatable,
      conditions,
      addresses,
      nodeInfo: info,
      images,
      daemonEndpoints: { kubeletEndpoint: { Port: 0 } },
    },
  }
}

/** In the words of the kubelet. */
function conditionsOf(isDiskFull: boolean): readonly Json<V1NodeCondition>[] {
  const disk = isDiskFull
    ? { status: 'True', reason: 'KubeletHasDiskPressure', message: 'kubelet has disk pressure' }
    : { status: 'False', reason: 'KubeletHasNoDiskPressure', message: 'kubelet has no disk pressure' }
  return [
    {
      type: 'MemoryPressure',
      status: 'False',
      reason: 'KubeletHasSufficientMemory',
      message: 'kubelet has sufficient memory available',
    },
    { type: 'DiskPressure', ...disk },
    {
      type: 'PIDPressure',
      status: 'False',
      reason: 'KubeletHasSufficientPID',
      message: 'kubelet has sufficient PID available',
    },
    { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' },
  ]
}

function withoutHeartbeats({ metadata, spec, status }: Node): unknown {
  const conditions = status?.conditions?.map((condition) => ({ ...condition, lastHeartbeatTime: undefined }))
  return { labels: metadata.labels, spec, status: { ...status, conditions } }
}

async function renewLease({ store, nowMs }: NodeParts, name: string): Promise<void> {
  const renewTime = new Date(nowMs()).toISOString().replace('Z', '000Z')
  const node = store.get(NODES, { name })
  await putObject(store, LEASES, { namespace: LEASE_NAMESPACE, name }, (current) => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: current?.metadata ?? {
      name,
      namespace: LEASE_NAMESPACE,
      uid: crypto.randomUUID(),
      creationTimestamp: rfc3339(nowMs()),
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid: node?.metadata.uid ?? '' }],
    },
    spec: { ...current?.spec, holderIdentity: name, leaseDurationSeconds: LEASE_SECONDS, renewTime },
  }))
}

/** Writes an object whether or not it is there. */
async function putObject<T extends KubeObject>(
  store: Store,
  resource: Resource<T>,
  key: { readonly namespace?: string; readonly name: string },
  make: (current: T | undefined) => T,
): Promise<void> {
  if (store.get(resource, key) === undefined) {
    try {
      await store.create(resource, make(undefined))
      return
    } catch (error) {
      if (!(error instanceof Failure && error.reason === 'AlreadyExists')) throw error
    }
  }
  await store.modify(resource, key, make)
}
