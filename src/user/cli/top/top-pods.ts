import type { Invocation } from '../command.ts'
import type { Cluster } from '../open-cluster.ts'
import {
  addUsage,
  cpuText,
  explainNoMetrics,
  memoryText,
  NO_USAGE,
  POD_METRICS,
  readUsage,
  sortedByUsage,
  type PodMetrics,
  type SortBy,
  type Usage,
} from './metrics.ts'

interface MeasuredPod {
  readonly namespace: string
  readonly name: string
  readonly containers: readonly { readonly name: string; readonly usage: Usage }[]
  readonly usage: Usage
}

/** The rows of `top pods`, the heading first; undefined when there is no pod. */
export async function topPods(
  cluster: Cluster,
  { flags, operands }: Invocation,
): Promise<readonly (readonly string[])[] | undefined> {
  const [, name] = operands
  const isAll = flags.isSet('all-namespaces')
  const by = flags.text('sort-by') as SortBy
  const pods = (await readMetrics(cluster, { name, isAll, labelSelector: flags.text('selector') })).map(measure)
  if (pods.length === 0) return undefined
  const byContainer = flags.isSet('containers')
  const start = (pod: MeasuredPod): readonly string[] => (isAll ? [pod.namespace, pod.name] : [pod.name])
  const rows = sortedByUsage(pods.toSorted(byName), by).flatMap((pod) =>
    byContainer
      ? sortedByUsage(pod.containers, by).map(({ name, usage }) => [...start(pod), name, ...usageCells(usage)])
      : [[...start(pod), ...usageCells(pod.usage)]],
  )
  const names = [...(isAll ? ['NAMESPACE'] : []), ...(byContainer ? ['POD', 'NAME'] : ['NAME'])]
  return [
    ...(flags.isSet('no-headers') ? [] : [[...names, 'CPU(cores)', 'MEMORY(bytes)']]),
    ...rows,
    ...(flags.isSet('sum') ? sumRows(pods, names.length) : []),
  ]
}

async function readMetrics(
  { client, namespace }: Cluster,
  wanted: { readonly name: string | undefined; readonly isAll: boolean; readonly labelSelector: string | undefined },
): Promise<readonly PodMetrics[]> {
  const { name, isAll, labelSelector } = wanted
  try {
    if (name !== undefined) return [await client.get(POD_METRICS, { namespace, name })]
    const where = { ...(isAll ? {} : { namespace }), ...(labelSelector === undefined ? {} : { labelSelector }) }
    return (await client.list(POD_METRICS, where)).items
  } catch (error) {
    throw explainNoMetrics(error)
  }
}

function measure({ metadata, containers }: PodMetrics): MeasuredPod {
  const measured = containers
    .map(({ name, usage }) => ({ name, usage: readUsage(usage) }))
    .toSorted((one, other) => compare(one.name, other.name))
  const usage = measured.reduce((sum, container) => addUsage(sum, container.usage), NO_USAGE)
  return { namespace: metadata.namespace ?? '', name: metadata.name, containers: measured, usage }
}

function usageCells(usage: Usage): readonly string[] {
  return [cpuText(usage), memoryText(usage)]
}

function sumRows(pods: readonly MeasuredPod[], columns: number): readonly (readonly string[])[] {
  const sum = pods.reduce((sum, { usage }) => addUsage(sum, usage), NO_USAGE)
  const empty = Array.from({ length: columns }, () => '')
  return [
    [...empty, '________', '________'],
    [...empty, ...usageCells(sum)],
  ]
}

function byName(one: MeasuredPod, other: MeasuredPod): number {
  return compare(one.namespace, other.namespace) || compare(one.name, other.name)
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other)
}
