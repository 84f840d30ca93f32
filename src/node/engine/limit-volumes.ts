import { quantityToBytes } from '../../kube/api/quantity.ts'
import { directorySizeBytes } from '../../machine/volume/directory-size.ts'
import { sleepUntil } from './clock.ts'
import type { PodWorld } from './pod-world.ts'

const LOOK_EVERY_MS = 1_000
/** Looking may take a twentieth of one core at the most, however many files there are. */
const REST_PER_WORK = 20

/**
 * Evicts a pod whose emptyDir on disk takes more than its sizeLimit (Q7). The kernel itself holds volumes in memory to
 * theirs. Ends when the pod's volumes are gone, or on abort.
 */
export async function limitVolumes(world: PodWorld, signal: AbortSignal): Promise<void> {
  const limited = (world.pod.spec.volumes ?? []).filter(
    ({ emptyDir }) => emptyDir?.sizeLimit !== undefined && emptyDir.medium !== 'Memory',
  )
  if (limited.length === 0) return
  const { clock } = world.parts
  const over = AbortSignal.any([signal, world.left])
  while (!over.aborted) {
    const startedAtMs = clock.nowMs()
    for (const { name, emptyDir } of limited) {
      const directory = world.volumes.get(name)
      const sizeLimit = emptyDir?.sizeLimit
      if (directory === undefined || sizeLimit === undefined) continue
      if ((await directorySizeBytes(directory)) <= quantityToBytes(sizeLimit)) continue
      const message = `Usage of EmptyDir volume "${name}" exceeds the limit "${sizeLimit}". `
      world.event('Warning', 'Evicted', message)
      world.observations.evict(message, clock.nowMs())
      return
    }
    const tookMs = clock.nowMs() - startedAtMs
    await sleepUntil(clock, clock.nowMs() + Math.max(LOOK_EVERY_MS, tookMs * REST_PER_WORK), over)
  }
}
