import type { Pod } from '../api/pod.ts'
import { isUp } from './container-facts.ts'
import { allPlaces } from './container-places.ts'
import type { ObservedPod } from './observed-pod.ts'
import type { PodAction } from './pod-action.ts'
import { stopContainers } from './stop-containers.ts'

/**
 * All containers begin anew: whatever runs is killed, without grace, hooks or order; then the records are reset. Only the
 * ephemeral ones go on (R7).
 */
export function restartAll(pod: Pod, seen: ObservedPod, nowMs: number): PodAction[] {
  const asMade = { ...pod, spec: { ...pod.spec, ephemeralContainers: [] } }
  if (!allPlaces(asMade).some(({ name }) => isUp(seen, name))) return [{ do: 'reset-containers' }]
  return stopContainers(asMade, seen, { because: 'AllContainersRestarting', sinceMs: nowMs, graceSeconds: 0 }, nowMs)
}
