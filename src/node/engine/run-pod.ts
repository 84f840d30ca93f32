import { computePodActions } from '../../kube/lifecycle/compute-pod-actions.ts'
import { limitVolumes } from './limit-volumes.ts'
import { performAction } from './perform-action.ts'
import type { PodWorld } from './pod-world.ts'
import { publishStatus } from './publish-status.ts'

/** One pod's loop: look, tell, decide, act, sleep until something changed. Ends when the pod is forgotten or on abort. */
export async function runPod(world: PodWorld, signal: AbortSignal): Promise<void> {
  world.begin(limitVolumes(world, signal))
  while (!world.forgotten && !signal.aborted) {
    const nowMs = world.parts.clock.nowMs()
    const { seen } = world.observations
    await publishStatus(world, seen, nowMs)
    const actions = computePodActions(world.pod, seen, nowMs)
    for (const action of actions) performAction(world, action, signal)
    const againAtMs = Math.min(...actions.map((action) => (action.do === 'look-again' ? action.atMs : Infinity)))
    await world.wake.wait(againAtMs, signal)
  }
  await world.closed()
}
