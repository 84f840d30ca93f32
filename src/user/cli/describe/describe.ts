import { Failure } from '../../../failure.ts'
import type { Pod } from '../../../kube/api/pod.ts'
import { PODS } from '../../client/resource-type.ts'
import type { Invocation } from '../command.ts'
import { openCluster, type Cluster } from '../open-cluster.ts'
import { writeText } from '../output.ts'
import { eventsOf } from '../objects/events-of.ts'
import { describePod } from './describe-pod.ts'

const POD_WORDS = ['pod', 'pods', 'po']

/** `peapod describe pod`: as kubectl. */
export async function describe(invocation: Invocation): Promise<number> {
  const { flags, environment } = invocation
  using cluster = await openCluster(invocation)
  const pods = await podsAsked(invocation, cluster)
  if (pods.length === 0) {
    const place = flags.isSet('all-namespaces') ? '' : ` in ${cluster.namespace} namespace`
    await writeText(environment.stderr, `No resources found${place}.\n`)
    return 0
  }
  const texts = await Promise.all(
    pods.map(async (pod) => {
      const events = flags.isSet('no-events') ? undefined : await eventsOf(cluster.client, pod)
      return describePod(pod, events, environment.nowMs())
    }),
  )
  await writeText(environment.stdout, texts.join('\n\n'))
  return 0
}

async function podsAsked({ flags, operands }: Invocation, { client, namespace }: Cluster): Promise<readonly Pod[]> {
  const names = namesIn(operands)
  if (names.length > 0) return Promise.all(names.map((name) => client.get(PODS, { namespace, name })))
  const labelSelector = flags.text('selector')
  const { items } = await client.list(PODS, {
    ...(flags.isSet('all-namespaces') ? {} : { namespace }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
  })
  return items
}

/** `pod web`, `pod/web`. */
function namesIn(operands: readonly string[]): readonly string[] {
  const [first = '', ...others] = operands
  if (POD_WORDS.includes(first)) return others
  return operands.map((word) => {
    const [type = '', name = ''] = word.split('/')
    if (POD_WORDS.includes(type) && name !== '') return name
    throw new Failure(
      'UsageError',
      `describe knows Pods alone: "describe pod NAME" or "describe pod/NAME"; got "${word}"`,
    )
  })
}
