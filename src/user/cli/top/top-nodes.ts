import type { Invocation } from '../command.ts'
import type { Cluster } from '../open-cluster.ts'
import {
  cpuText,
  explainNoMetrics,
  memoryText,
  NODE_METRICS,
  NODES,
  readUsage,
  sortedByUsage,
  type NodeMetrics,
  type SortBy,
  type Usage,
} from './metrics.ts'

interface MeasuredNode {
  readonly name: string
  readonly usage: Usage
  /** Of what pods may have. */
  readonly allocatable: Usage | undefined
}

/** The rows of `top nodes`, the heading first; undefined when there is no node. */
export async function topNodes(
  cluster: Cluster,
  { flags, operands }: Invocation,
): Promise<readonly (readonly string[])[] | undefined> {
  const { client } = cluster
  const [, name] = operands
  const labelSelector = flags.text('selector')
  const where = labelSelector === undefined ? {} : { labelSelector }
  let metrics: readonly NodeMetrics[]
  try {
    metrics =
      name === undefined ? (await client.list(NODE_METRICS, where)).items : [await client.get(NODE_METRICS, { name })]
  } catch (error) {
    throw explainNoMetrics(error)
  }
  if (metrics.length === 0) return undefined
  const nodes = new Map((await client.list(NODES, where)).items.map((node) => [node.metadata.name, node]))
  const measured = metrics.map(({ metadata, usage }): MeasuredNode => {
    const allocatable = nodes.get(metadata.name)?.status?.allocatable
    return {
      name: metadata.name,
      usage: readUsage(usage),
      allocatable: allocatable === undefined ? undefined : readUsage(allocatable),
    }
  })
  const sorted = sortedByUsage(
    measured.toSorted((one, other) => (one.name < other.name ? -1 : 1)),
    flags.text('sort-by') as SortBy,
  )
  const heading = ['NAME', 'CPU(cores)', 'CPU(%)', 'MEMORY(bytes)', 'MEMORY(%)']
  return [...(flags.isSet('no-headers') ? [] : [heading]), ...sorted.map(rowOf)]
}

function rowOf({ name, usage, allocatable }: MeasuredNode): readonly string[] {
  const share = (field: keyof Usage): string => {
    const all = allocatable?.[field] ?? 0
    return all === 0 ? '<unknown>' : `${Math.floor((usage[field] / all) * 100)}%`
  }
  return [name, cpuText(usage), share('cpuNanos'), memoryText(usage), share('memoryBytes')]
}
