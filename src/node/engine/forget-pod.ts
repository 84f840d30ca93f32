import { Failure, messageOf } from '../../failure.ts'
import { removeTree } from '../../machine/linux/remove-tree.ts'
import { removeUnlessHeld } from '../store/held-object.ts'
import { PODS } from '../store/resources.ts'
import { sleepUntil } from './clock.ts'
import type { PodWorld } from './pod-world.ts'

const AGAIN_AFTER_MS = 1_000

/** Volumes, logs and the object itself: after this the pod never was. */
export async function forgetPod(world: PodWorld, signal: AbortSignal): Promise<void> {
  if (world.left.aborted) return
  world.leave()
  // What is in memory must not be written once its file system is gone.
  await world.dataVolumes.settled()
  await removeTree(world.paths.pod)
  await removeObject(world, signal)
  world.forgotten = true
  world.wake.notify()
}

/** A full disk takes no removal either: tried until it does. */
async function removeObject(world: PodWorld, signal: AbortSignal): Promise<void> {
  const { namespace, name, uid } = world.pod.metadata
  const { store, clock, log } = world.parts
  let complaint = ''
  while (!signal.aborted) {
    try {
      if (store.get(PODS, { namespace, name })?.metadata.uid === uid) {
        await store.modify(PODS, { namespace, name }, (pod) =>
          pod.metadata.uid === uid ? removeUnlessHeld(pod, clock.nowMs()) : pod,
        )
      }
      return
    } catch (error) {
      // Somebody else was quicker.
      if (error instanceof Failure && (error.reason === 'NotFound' || error.reason === 'Conflict')) return
      if (messageOf(error) !== complaint) log(`pod ${world.name}: remove it from the store: ${messageOf(error)}`)
      complaint = messageOf(error)
      await sleepUntil(clock, clock.nowMs() + AGAIN_AFTER_MS, signal)
    }
  }
}
