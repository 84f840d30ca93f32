import { setTimeout as pause } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { Failure, messageOf } from '../../failure.ts'
import type { NodeFacts } from '../../kube/lifecycle/node-fit.ts'
import { offerOf } from '../../kube/lifecycle/node-offer.ts'
import { NODES, PODS } from '../store/resources.ts'
import type { Store } from '../store/store.ts'
import { SchedulingQueue } from './scheduling-queue.ts'

export interface SchedulingParts {
  readonly store: Store
  readonly node: NodeFacts
  readonly nowMs: () => number
  /** One line for the server's own log: what failed and is tried again. */
  readonly log: (line: string) => void
}

/** When the disk takes nothing, say. */
const TRY_AGAIN_MS = 1_000

/**
 * Gives every pod that has no node the one there is, as soon as it fits: those that do not fit wait until another pod
 * ends or goes, or the node is uncordoned. Ends when the signal aborts.
 */
export async function schedulePods(parts: SchedulingParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await follow(parts, signal)
    } catch (error) {
      // It fell behind what the store keeps: all is looked at anew.
      if (error instanceof Failure && error.reason === 'Expired') continue
      parts.log(`schedule pods: ${messageOf(error)}`)
      await pause(TRY_AGAIN_MS, undefined, { signal }).catch(() => undefined)
    }
  }
}

async function follow({ store, ...rest }: SchedulingParts, outer: AbortSignal): Promise<void> {
  const { items, resourceVersion } = store.list(PODS)
  let known = offerOf(store.get(NODES, { name: rest.node.name }))
  const queue = new SchedulingQueue({ store, ...rest })
  for (const pod of items) queue.see(pod)
  await queue.retry()
  for (const pod of items) await queue.tend(pod)
  const stop = new AbortController()
  const signal = AbortSignal.any([outer, stop.signal])
  const inTurn = oneAfterTheOther()
  const followPods = async (): Promise<void> => {
    for await (const event of store.watch({ resource: PODS, fromResourceVersion: resourceVersion, signal })) {
      if (event.type === 'BOOKMARK') continue
      const { type, object } = event
      await inTurn(async () => {
        const isFreed = type === 'DELETED' ? queue.forget(object) : queue.see(object)
        if (isFreed) await queue.retry()
        else if (type !== 'DELETED') await queue.tend(object)
      })
    }
  }
  const followNode = async (): Promise<void> => {
    for await (const event of store.watch({ resource: NODES, fromResourceVersion: resourceVersion, signal })) {
      if (event.type === 'BOOKMARK' || event.object.metadata.name !== rest.node.name) continue
      const offer = offerOf(event.object)
      // Most changes of a node are signs of life.
      if (!isDeepStrictEqual(offer, known)) await inTurn(() => queue.retry())
      known = offer
    }
  }
  try {
    await Promise.all([followPods(), followNode()])
  } finally {
    stop.abort()
  }
}

/** Runs what it is given when everything before is done: two that look at once would give away the same place twice. */
function oneAfterTheOther(): (work: () => Promise<void>) => Promise<void> {
  let last: Promise<void> = Promise.resolve()
  return (work) => {
    const next = last.then(work)
    // Whoever asked for it hears of a failure.
    last = next.catch(() => undefined)
    return next
  }
}
