import type { ObservedContainer } from './observed-pod.ts'
import { nextCounters } from './restart-delay.ts'

/**
 * The record of a container that ended and begins anew with all of its pod (R7): it was restarted, though nothing of it
 * has started yet. One that never had a process is as it was.
 */
export function resetContainer(record: ObservedContainer): ObservedContainer {
  if (record.state.is !== 'exited') return { ...record, state: { is: 'absent' } }
  return { ...record, ...nextCounters(record), previous: record.state, state: { is: 'absent' } }
}
