import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../../failure.ts'
import { removeTree } from '../../machine/linux/remove-tree.ts'
import { deadInstances, oldLogs, oldStaging } from './pod-garbage.ts'
import { logFolder } from './pod-paths.ts'
import type { Instance } from './pod-record.ts'
import type { PodWorld } from './pod-world.ts'

/**
 * Begins to take dead containers off the machine, once their end is on the record: what stays is how they ended, and the
 * logs of the newest two instances of each. What can't be removed goes with the pod.
 */
export function collectPodGarbage(world: PodWorld): void {
  for (const instance of deadInstances(world.instances.values(), world.observations.seen)) {
    if (world.dying.has(instance.id)) continue
    world.dying.add(instance.id)
    world.begin(removeInstance(world, instance))
  }
}

async function removeInstance(world: PodWorld, { id, container }: Instance): Promise<void> {
  try {
    await world.parts.runtime.remove(id)
    await removeStaging(world, container, Number(/\d+$/.exec(id)?.[0]))
  } catch (error) {
    world.parts.log(`pod ${world.name}: remove the dead container ${container}: ${messageOf(error)}`)
    return
  }
  world.instances.delete(id)
  world.dying.delete(id)
}

/** Of a container that has just begun its next run: the log of the run before stays. */
export async function removeOldLogs(world: PodWorld, container: string): Promise<void> {
  const folder = logFolder(world.paths.logs, container)
  const { restarts } = world.observations.container(container) ?? { restarts: 0 }
  for (const name of oldLogs(await namesIn(folder), restarts)) await removeTree(join(folder, name))
}

/** Of earlier instances, too: whoever was to remove them may have been killed. */
async function removeStaging(world: PodWorld, container: string, restarts: number): Promise<void> {
  const { staging } = world.paths
  for (const name of oldStaging(await namesIn(staging), container, restarts)) await removeTree(join(staging, name))
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    // The pod itself was removed meanwhile.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
