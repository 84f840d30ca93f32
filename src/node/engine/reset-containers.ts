import { resetContainer } from '../../kube/lifecycle/reset-container.ts'
import type { PodWorld } from './pod-world.ts'

/** All containers begin anew (R7). What is left of their last instances on the machine goes when the next ones start. */
export function resetContainers(world: PodWorld): Promise<void> {
  for (const [name, record] of Object.entries(world.observations.seen.containers)) {
    world.observations.setContainer(name, resetContainer(record))
  }
  return Promise.resolve()
}
