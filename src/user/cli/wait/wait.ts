import { Failure } from '../../../failure.ts'
import type { ApiObject, ResourceType } from '../../client/resource-type.ts'
import type { Invocation } from '../command.ts'
import { withInterrupt } from '../interrupt.ts'
import { chosenObjects } from '../objects/chosen-objects.ts'
import { nameOfType } from '../objects/print-objects.ts'
import { untilGone } from '../objects/until-gone.ts'
import { openCluster, type Cluster } from '../open-cluster.ts'
import { writeText } from '../output.ts'
import { parseWaitCondition, type WaitCondition } from './wait-condition.ts'

const DEFAULT_TIMEOUT_MS = 30_000

interface Target {
  readonly type: ResourceType<ApiObject>
  readonly name: string
  readonly namespace?: string
}

/** `peapod wait`: as `kubectl wait`. */
export async function wait(invocation: Invocation): Promise<number> {
  const { flags, environment } = invocation
  const asked = flags.text('for')
  if (asked === undefined) throw new Failure('UsageError', 'wait needs --for; see "peapod wait --help"')
  const condition = parseWaitCondition(asked)
  using cluster = await openCluster(invocation)
  const targets = await targetsOf(invocation, cluster, condition)
  const timeoutMs = flags.number('timeout') ?? DEFAULT_TIMEOUT_MS
  return await withInterrupt(environment, async (interrupt) => {
    // At once is still time for one look.
    const limit = AbortSignal.any([interrupt, AbortSignal.timeout(Math.max(timeoutMs, 1_000))])
    const met = await Promise.all(
      targets.map(async (target) => {
        const isMet = await untilMet(target, { condition, cluster, signal: limit, isOneLook: timeoutMs === 0 })
        if (isMet === true)
          await writeText(environment.stdout, `${nameOfType(target.type)}/${target.name} condition met\n`)
        return isMet
      }),
    )
    interrupt.throwIfAborted()
    const late = targets.filter((_target, index) => met[index] === false)
    const sentences = late.map(({ type, name }) => `timed out waiting for the condition on ${type.plural}/${name}\n`)
    await writeText(environment.stderr, sentences.map((sentence) => `peapod: ${sentence}`).join(''))
    return late.length === 0 ? 0 : 1
  })
}

/** What there is to wait for now. @throws Failure NotFound when that is nothing */
async function targetsOf(
  { flags, operands }: Invocation,
  cluster: Cluster,
  condition: WaitCondition,
): Promise<readonly Target[]> {
  const labelSelector = flags.text('selector')
  const isAll = flags.isSet('all') || labelSelector !== undefined
  const chosen = await chosenObjects(operands, cluster)
  if (!isAll && chosen.some(({ names }) => names.length === 0)) {
    throw new Failure('UsageError', 'wait needs names, -l or --all; see "peapod wait --help"')
  }
  const inside = flags.isSet('all-namespaces') ? {} : { namespace: cluster.namespace }
  const targets = await Promise.all(
    chosen.map(async ({ type, names }): Promise<readonly Target[]> => {
      const place = type.namespaced ? { namespace: cluster.namespace } : {}
      if (names.length > 0) return names.map((name) => ({ type, name, ...place }))
      const selected = labelSelector === undefined ? {} : { labelSelector }
      const { items } = await cluster.client.list(type, { ...(type.namespaced ? inside : {}), ...selected })
      return items.map(({ metadata: { name, namespace } }) => ({
        type,
        name,
        ...(namespace === undefined ? {} : { namespace }),
      }))
    }),
  )
  const found = targets.flat()
  if (found.length > 0 || condition.is === 'delete') return found
  throw new Failure('NotFound', 'no matching resources found')
}

interface Waiting {
  readonly condition: WaitCondition
  readonly cluster: Cluster
  readonly signal: AbortSignal
  /** Look, do not wait. */
  readonly isOneLook: boolean
}

/**
 * @returns whether it was met; undefined when there is nothing to be deleted: kubectl has no word for it.
 * @throws Failure NotFound for what is not there, unless that is what is waited for
 */
async function untilMet(
  target: Target,
  { condition, cluster, signal, isOneLook }: Waiting,
): Promise<boolean | undefined> {
  const { type, ...address } = target
  const { client } = cluster
  const isMet = (object: ApiObject): boolean => condition.is !== 'holds' || condition.holds(object)
  const found = await client.get(type, address).catch((error: unknown) => {
    const isAbsent = error instanceof Failure && error.reason === 'NotFound'
    if (isAbsent && condition.is !== 'holds') return undefined
    throw error
  })
  if (condition.is === 'delete') {
    if (found === undefined) return undefined
    const { uid } = found.metadata as { readonly uid?: string }
    return !isOneLook && untilGone(type, address, { client, signal, ...(uid === undefined ? {} : { uid }) })
  }
  if (found !== undefined && isMet(found)) return true
  if (isOneLook) return false
  const { name, ...place } = address
  for await (const { type: change, object } of client.watch(type, {
    ...place,
    fieldSelector: `metadata.name=${name}`,
    signal,
  })) {
    if (change !== 'DELETED' && isMet(object)) return true
  }
  return false
}
