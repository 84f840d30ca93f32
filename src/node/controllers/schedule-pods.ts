import { setTimeout as pause } from 'node:timers/promises'
import { Failure, messageOf } from '../../failure.ts'
import type { NodeFacts } from '../../kube/lifecycle/node-fit.ts'
import { PODS } from '../store/resources.ts'
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
 * ends or goes. Ends when the signal aborts.
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

async function follow({ store, ...rest }: SchedulingParts, signal: AbortSignal): Promise<void> {
  const { items, resourceVersion } = store.list(PODS)
  const queue = new SchedulingQueue({ store, ...rest })
  for (const pod of items) queue.see(pod)
  await queue.retry()
  for (const pod of items) await queue.tend(pod)
  for await (const event of store.watch({ resource: PODS, fromResourceVersion: resourceVersion, signal })) {
    if (event.type === 'BOOKMARK') continue
    const isFreed = event.type === 'DELETED' ? queue.forget(event.object) : queue.see(event.object)
    if (isFreed) await queue.retry()
    else if (event.type !== 'DELETED') await queue.tend(event.object)
  }
}
