import type { ExitRecord } from './exited-state.ts'
import { exitedState } from './exited-state.ts'
import type { PodWorld } from './pod-world.ts'
import { readTerminationMessage } from './termination-message.ts'

/** A container of this pod ended: puts it on the record, with what it left in its termination message. */
export async function containerEnded(world: PodWorld, exit: ExitRecord): Promise<void> {
  const instance = world.instances.get(exit.id)
  if (instance === undefined) return
  // The start that made it has not come back yet; it looks here before it is done.
  const { state } = world.observations.container(instance.container) ?? {}
  if (state?.is === 'starting') world.earlyExits.set(exit.id, exit)
  if (state?.is !== 'running' || state.id !== exit.id) return
  const message = await readTerminationMessage(world.pod, instance, exit.exitCode)
  // Told twice, the second one comes too late: the next instance may have begun.
  const { state: stateNow } = world.observations.container(instance.container) ?? {}
  if (stateNow?.is !== 'running' || stateNow.id !== exit.id) return
  world.observations.setState(instance.container, exitedState(exit, state, message))
}
