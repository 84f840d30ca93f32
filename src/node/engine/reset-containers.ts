import { resetContainers as recordsAnew } from '../../kube/lifecycle/reset-container.ts'
import type { PodWorld } from './pod-world.ts'

/** All containers begin anew (R7). What is left of their last instances on the machine goes when the next ones start. */
export function resetContainers({ pod, observations }: PodWorld): Promise<void> {
  const records = recordsAnew(pod, observations.seen.containers)
  for (const [name, record] of Object.entries(records)) observations.setContainer(name, record)
  return Promise.resolve()
}
