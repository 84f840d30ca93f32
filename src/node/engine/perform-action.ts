import type { PodAction } from '../../kube/lifecycle/pod-action.ts'
import { forgetPod } from './forget-pod.ts'
import { makeSandbox } from './make-sandbox.ts'
import type { PodWorld } from './pod-world.ts'
import { removeSandbox } from './remove-sandbox.ts'
import { resetContainers } from './reset-containers.ts'
import { resizePod } from './resize-pod.ts'
import { runPostStart } from './run-post-start.ts'
import { runPreStop } from './run-pre-stop.ts'
import { prepareContainer, startContainer } from './start-container.ts'
import { killContainer, terminateContainer } from './stop-container.ts'

/**
 * Begins one action. Its effect shows in the world's observations before this returns ('changing', 'starting',
 * 'stopping'), so that the next pass does not ask again; the rest of it goes on beside the loop.
 */
export function performAction(world: PodWorld, action: PodAction, signal: AbortSignal): void {
  if (action.do !== 'look-again') world.begin(stepOf(world, action, signal))
}

type Step = Exclude<PodAction, { readonly do: 'look-again' }>

function stepOf(world: PodWorld, action: Step, signal: AbortSignal): Promise<void> {
  switch (action.do) {
    case 'create-sandbox':
      return makeSandbox(world, action.attempt, signal)
    case 'start':
      return startContainer(world, action.container, signal)
    case 'prepare':
      return prepareContainer(world, action.container, signal)
    case 'run-post-start':
      return runPostStart(world, action.container, signal)
    case 'run-pre-stop':
      return runPreStop(world, action.container, { ...action, signal })
    case 'terminate':
      return terminateContainer(world, action.container, action)
    case 'kill':
      return killContainer(world, action.container, action.because)
    case 'reset-containers':
      return resetContainers(world)
    case 'resize':
      return resizePod(world)
    case 'remove-sandbox':
      return removeSandbox(world, signal)
    case 'forget-pod':
      return forgetPod(world, signal)
  }
}
