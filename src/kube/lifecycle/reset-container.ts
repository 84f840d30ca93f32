import { allContainers } from '../api/pod.ts'
import type { Pod } from '../api/pod.ts'
import type { ObservedContainer, ObservedPod } from './observed-pod.ts'
import { nextCounters } from './restart-delay.ts'

/** The records once all containers begin anew; the ephemeral ones go on as they are (R7). */
export function resetContainers(pod: Pod, containers: ObservedPod['containers']): ObservedPod['containers'] {
  const beginAnew = new Set(allContainers(pod).map(({ name }) => name))
  const records = Object.entries(containers)
  return Object.fromEntries(
    records.map(([name, record]) => [name, beginAnew.has(name) ? resetContainer(record) : record]),
  )
}

/**
 * The record of a container that ended and begins anew with all of its pod (R7): it was restarted, though nothing of it
 * has started yet. One that never had a process is as it was.
 */
function resetContainer(record: ObservedContainer): ObservedContainer {
  if (record.state.is !== 'exited') return { ...record, state: { is: 'absent' } }
  return { ...record, ...nextCounters(record), previous: record.state, state: { is: 'absent' } }
}
