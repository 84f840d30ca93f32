import { setTimeout as pause } from 'node:timers/promises'
import { Failure, messageOf } from '../../failure.ts'
import type { KubeObject, Resource, Store } from '../store/store.ts'

/** When the disk takes nothing, say. */
const TRY_AGAIN_MS = 1_000

export interface Follower<T extends KubeObject> {
  /** For the server's log: `furnish namespaces`. */
  readonly what: string
  readonly log: (line: string) => void
  /** Called for each object that there is, and for each as it becomes. What it throws is tried again with all objects. */
  see(object: T): Promise<void>
  /** Called for each that goes. */
  forget?(object: T): Promise<void>
}

/** Looks at all objects of a resource and at every change, one after the other, until the signal aborts. */
export async function followObjects<T extends KubeObject>(
  store: Store,
  resource: Resource<T>,
  { follower, signal }: { readonly follower: Follower<T>; readonly signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    try {
      const { items, resourceVersion } = store.list(resource)
      for (const object of items) await follower.see(object)
      for await (const event of store.watch({ resource, fromResourceVersion: resourceVersion, signal })) {
        if (event.type === 'DELETED') await follower.forget?.(event.object)
        else if (event.type !== 'BOOKMARK') await follower.see(event.object)
      }
    } catch (error) {
      // It fell behind what the store keeps: all is looked at anew.
      if (error instanceof Failure && error.reason === 'Expired') continue
      follower.log(`${follower.what}: ${messageOf(error)}`)
      await pause(TRY_AGAIN_MS, undefined, { signal }).catch(() => undefined)
    }
  }
}
