import type { Store } from '../store/store.ts'
import { PODS } from '../store/resources.ts'

/** Waits until the store takes in a pod. @returns false when the signal aborts before that. */
export async function firstPod(store: Store, signal: AbortSignal): Promise<boolean> {
  const { items, resourceVersion } = store.list(PODS)
  if (items.length > 0) return true
  for await (const event of store.watch({ resource: PODS, fromResourceVersion: resourceVersion, signal })) {
    if (event.type === 'ADDED') return true
  }
  return false
}
