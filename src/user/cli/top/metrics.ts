import { quantityToBytes, parseQuantity } from '../../../kube/api/quantity.ts'
import { Failure } from '../../../failure.ts'
import type { ApiObject, ResourceType } from '../../client/resource-type.ts'

/** As the metrics API has it: quantities. */
export interface UsageQuantities {
  readonly cpu?: string
  readonly memory?: string
}

export interface PodMetrics extends ApiObject {
  readonly containers: readonly { readonly name: string; readonly usage: UsageQuantities }[]
}

export interface NodeMetrics extends ApiObject {
  readonly usage: UsageQuantities
}

export interface NodeCapacity extends ApiObject {
  readonly status?: { readonly allocatable?: Readonly<Record<string, string>> }
}

const METRICS = { apiVersion: 'metrics.k8s.io/v1beta1' } as const

export const POD_METRICS: ResourceType<PodMetrics> = {
  ...METRICS,
  kind: 'PodMetrics',
  plural: 'pods',
  namespaced: true,
}
export const NODE_METRICS: ResourceType<NodeMetrics> = {
  ...METRICS,
  kind: 'NodeMetrics',
  plural: 'nodes',
  namespaced: false,
}
export const NODES: ResourceType<NodeCapacity> = { apiVersion: 'v1', kind: 'Node', plural: 'nodes', namespaced: false }

/** What something uses, in numbers that can be added. */
export interface Usage {
  /** Billionths of a core. */
  readonly cpuNanos: number
  readonly memoryBytes: number
}

export const NO_USAGE: Usage = { cpuNanos: 0, memoryBytes: 0 }

export function readUsage({ cpu = '0', memory = '0' }: UsageQuantities): Usage {
  return { cpuNanos: Number(parseQuantity(cpu)?.nanos ?? 0), memoryBytes: quantityToBytes(memory) }
}

export function addUsage(one: Usage, other: Usage): Usage {
  return { cpuNanos: one.cpuNanos + other.cpuNanos, memoryBytes: one.memoryBytes + other.memoryBytes }
}

/** As kubectl rounds: thousandths of a core up, mebibytes down. */
export function cpuText({ cpuNanos }: Usage): string {
  return `${Math.ceil(cpuNanos / 1e6)}m`
}

export function memoryText({ memoryBytes }: Usage): string {
  return `${Math.floor(memoryBytes / 1_048_576)}Mi`
}

export type SortBy = 'cpu' | 'memory' | undefined

/** The largest first; without a wish as it is. */
export function sortedByUsage<T extends { readonly usage: Usage }>(items: readonly T[], by: SortBy): readonly T[] {
  if (by === undefined) return items
  const sizeOf = ({ usage }: T): number => (by === 'cpu' ? usage.cpuNanos : usage.memoryBytes)
  return items.toSorted((one, other) => sizeOf(other) - sizeOf(one))
}

/** A cluster without metrics answers that it has no such path: that says little. */
export function explainNoMetrics(error: unknown): unknown {
  const isPath =
    error instanceof Failure && /could not find the requested resource|404 page not found/.test(error.message)
  if (!isPath) return error
  return new Failure('NotFound', 'this cluster has no metrics API (metrics.k8s.io); install metrics-server in it', {
    cause: error,
  })
}
