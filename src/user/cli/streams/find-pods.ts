import { Failure } from '../../../failure.ts'
import type { Pod } from '../../../kube/api/pod.ts'
import { Discovery } from '../../client/discovery.ts'
import { PODS, type ApiObject } from '../../client/resource-type.ts'
import type { Cluster } from '../open-cluster.ts'

/** An object that makes pods, or chooses some. */
interface WithSelector extends ApiObject {
  readonly spec?: {
    readonly selector?: Labels | { readonly matchLabels?: Labels; readonly matchExpressions?: readonly unknown[] }
  }
}

type Labels = Readonly<Record<string, string>>

/**
 * The pods that an operand means: `web`, `pod/web`, or all those of another object, `deployment/web`, the ready ones first.
 *
 * @throws Failure NotFound when there is none.
 */
export async function findPods(cluster: Cluster, operand: string): Promise<readonly [Pod, ...Pod[]]> {
  const { client, namespace } = cluster
  const [type = '', name, ...more] = operand.split('/')
  if (name === undefined) return [await client.get(PODS, { namespace, name: operand })]
  if (type === '' || name === '' || more.length > 0) {
    throw new Failure('UsageError', `${JSON.stringify(operand)}: must be POD or TYPE/NAME, such as pod/web`)
  }
  if (['pod', 'pods', 'po'].includes(type.toLowerCase())) return [await client.get(PODS, { namespace, name })]
  const owner = (await client.get(await new Discovery(client).named(type), { namespace, name })) as WithSelector
  const labelSelector = selectorOf(owner)
  if (labelSelector === undefined) {
    throw new Failure('UsageError', `${JSON.stringify(operand)}: it has no selector for Pods; name a Pod`)
  }
  const [first, ...rest] = (await client.list(PODS, { namespace, labelSelector })).items.toSorted(byReadiness)
  if (first === undefined) throw new Failure('NotFound', `${operand} has no Pod (labels ${labelSelector})`)
  return [first, ...rest]
}

/** For commands that go into one. */
export async function findPod(cluster: Cluster, operand: string): Promise<Pod> {
  const [pod] = await findPods(cluster, operand)
  return pod
}

function selectorOf({ spec }: WithSelector): string | undefined {
  const selector = spec?.selector
  if (selector === undefined) return undefined
  const isNested = 'matchLabels' in selector || 'matchExpressions' in selector
  const expressions: unknown = isNested ? selector.matchExpressions : undefined
  if (Array.isArray(expressions) && expressions.length > 0) return undefined
  const labels = (isNested ? selector.matchLabels : selector) as Labels | undefined
  const terms = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`)
  return terms.length === 0 ? undefined : terms.join(',')
}

function byReadiness(one: Pod, other: Pod): number {
  return Number(isReady(other)) - Number(isReady(one))
}

function isReady({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status: word }) => type === 'Ready' && word === 'True') ?? false
}
