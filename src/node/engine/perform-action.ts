import type { PodAction } from '../../kube/lifecycle/pod-action.ts'
import { forgetPod } from './forget-pod.ts'
import { makeSandbox } from './make-sandbox.ts'
import type { PodWorld } from './pod-world.ts'
import { removeSandbox } from './remove-sandbox.ts'
import { prepareContainer, startContainer } from './start-container.ts'
import { killContainer, terminateContainer } from './stop-container.ts'

/**
 * Begins one action. Its effect shows in the world's observations before this returns ('changing', 'starting',
 * 'stopping'), so that the next pass does not ask again; the rest of it goes on beside the loop.
 */
export function performAction(world: PodWorld, action: PodAction, signal: AbortSignal): void {
  switch (action.do) {
    case 'create-sandbox':
      return world.begin(makeSandbox(world, action.attempt, signal))
    case 'start':
      return world.begin(startContainer(world, action.container, signal))
    case 'prepare':
      return world.begin(prepareContainer(world, action.container, signal))
    case 'terminate':
      return world.begin(terminateContainer(world, action.container, action))
    case 'kill':
      return world.begin(killContainer(world, action.container, action.because))
    case 'remove-sandbox':
      return world.begin(removeSandbox(world))
    case 'forget-pod':
      return world.begin(forgetPod(world))
    case 'look-again':
      return
  }
}
