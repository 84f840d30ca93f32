import { removeTree } from '../../machine/linux/remove-tree.ts'
import { PODS } from '../store/resources.ts'
import type { PodWorld } from './pod-world.ts'

/** Volumes, logs and the object itself: after this the pod never was. */
export async function forgetPod(world: PodWorld): Promise<void> {
  if (world.left.aborted) return
  world.leave()
  await removeTree(world.paths.pod)
  world.forgotten = true
  world.wake.notify()
  const { namespace, name, uid } = world.pod.metadata
  const stored = world.parts.store.get(PODS, { namespace, name })
  if (stored?.metadata.uid === uid) await world.parts.store.delete(PODS, { namespace, name })
}
