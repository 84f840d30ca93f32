import { Failure } from '../../../failure.ts'
import { durationText } from '../duration.ts'
import type { Invocation } from '../command.ts'
import { PODS, type ApiObject } from '../../client/resource-type.ts'
import { withInterrupt } from '../interrupt.ts'
import { describeObject, findObject, placeObjects, type PlacedObject } from '../objects/place-objects.ts'
import { readObjects } from '../objects/read-objects.ts'
import { untilGone } from '../objects/until-gone.ts'
import { openCluster, type Cluster } from '../open-cluster.ts'
import { writeText } from '../output.ts'

const TIMEOUT_EXIT_CODE = 124

/** `peapod down`: see its declaration for what it promises. */
export async function down(invocation: Invocation): Promise<number> {
  const { flags, environment } = invocation
  using cluster = await openCluster(invocation)
  const placed = await objectsToDelete(invocation, cluster)
  if (placed === undefined) return 1
  const timeoutMs = flags.number('timeout') ?? 0
  return await withInterrupt(environment, async (interrupt) => {
    const timeout = timeoutMs === 0 ? [] : [AbortSignal.timeout(timeoutMs)]
    const left = await deleteAll(placed, {
      invocation,
      client: cluster.client,
      signal: AbortSignal.any([interrupt, ...timeout]),
    })
    interrupt.throwIfAborted()
    if (left.length === 0) return 0
    const names = left.map(describeObject).join(', ')
    await writeText(environment.stderr, `peapod: still there after ${durationText(timeoutMs)}: ${names}\n`)
    return TIMEOUT_EXIT_CODE
  })
}

/** In the order in which they go: what was made last goes first. Undefined when a manifest is at fault, which is told. */
async function objectsToDelete(
  { flags, operands, environment }: Invocation,
  cluster: Cluster,
): Promise<readonly PlacedObject[] | undefined> {
  const files = flags.texts('filename')
  if (files.length === 0 && operands.length === 0) {
    throw new Failure('UsageError', 'down needs -f FILE or the names of Pods; see "peapod down --help"')
  }
  const { problems, objects } = files.length === 0 ? NOTHING : await readObjects(files, environment)
  await writeText(environment.stderr, problems.map((problem) => `${problem}\n`).join(''))
  if (problems.length > 0) return undefined
  const { namespace } = cluster
  const named = operands.map((name) => ({ type: PODS, name: name.replace(/^pods?\//, ''), namespace, value: {} }))
  return [...named, ...(await placeObjects(objects, cluster)).toReversed()]
}

const NOTHING = { problems: [], objects: [] }

interface Deleting {
  readonly invocation: Invocation
  readonly client: Cluster['client']
  readonly signal: AbortSignal
}

/**
 * Deletes all at once, but what others stand in only after them: a namespace would take its Pods with it without a word.
 *
 * @returns what is still there when the signal came.
 */
async function deleteAll(placed: readonly PlacedObject[], deleting: Deleting): Promise<readonly PlacedObject[]> {
  const left: PlacedObject[] = []
  for (const group of [placed.filter(isNoNamespace), placed.filter((object) => !isNoNamespace(object))]) {
    const isGone = await Promise.all(group.map((object) => deleteOne(object, deleting)))
    left.push(...group.filter((_object, index) => isGone[index] === false))
  }
  return left
}

async function deleteOne(object: PlacedObject, { invocation, client, signal }: Deleting): Promise<boolean> {
  const { flags, environment } = invocation
  if (signal.aborted) return false
  const tell = (what: string): Promise<void> => writeText(environment.stdout, `${describeObject(object)} ${what}\n`)
  const before = await findObject(client, object)
  const uid = uidOf(before)
  if (before === undefined || uid === undefined) {
    await tell('is not there')
    return true
  }
  const graceSeconds = flags.isSet('now') ? 1 : flags.number('grace-period')
  const grace = graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }
  await client.delete(object.type, object, { ...grace, preconditions: { uid } }).catch(unlessGone)
  if (flags.isSet('no-wait')) {
    await tell('is being deleted')
    return true
  }
  const isGone = await untilGone(object.type, object, { client, uid, signal })
  if (isGone) await tell('deleted')
  return isGone
}

function isNoNamespace({ type }: PlacedObject): boolean {
  return type.kind !== 'Namespace'
}

function uidOf(object: ApiObject | undefined): string | undefined {
  return (object?.metadata as { readonly uid?: string } | undefined)?.uid
}

function unlessGone(error: unknown): void {
  if (!(error instanceof Failure && error.reason === 'NotFound')) throw error
}
