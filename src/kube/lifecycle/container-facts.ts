import type { ContainerState, ObservedContainer, ObservedPod } from './observed-pod.ts'
import { isHeldByPostStart } from './running-container.ts'

const ABSENT: ContainerState = { is: 'absent' }

/** The record of a container, if it was ever created. `constructor` is a valid container name: own properties only. */
export function recordOf(seen: ObservedPod, name: string): ObservedContainer | undefined {
  return Object.hasOwn(seen.containers, name) ? seen.containers[name] : undefined
}

export function stateOf(seen: ObservedPod, name: string): ContainerState {
  return recordOf(seen, name)?.state ?? ABSENT
}

/** Its state as far as the present sandbox goes: what ended in an older one counts as not having run (S11). */
export function stateHere(seen: ObservedPod, name: string): ContainerState {
  const state = stateOf(seen, name)
  return state.is === 'exited' && !isOfThisSandbox(seen, name) ? ABSENT : state
}

/** Whether at least one start was tried in the present sandbox. */
export function wasTriedHere(seen: ObservedPod, name: string): boolean {
  return stateOf(seen, name).is !== 'absent' && isOfThisSandbox(seen, name)
}

/** A process of it runs, or may run at any moment. */
export function isUp(seen: ObservedPod, name: string): boolean {
  const { is } = stateOf(seen, name)
  return is === 'running' || is === 'starting'
}

/** Whether a process of it ever ran, in any sandbox; a failure to execute its program counts. */
export function hasRun(seen: ObservedPod, name: string): boolean {
  const record = recordOf(seen, name)
  if (record === undefined) return false
  return record.state.is === 'running' || record.state.is === 'exited' || record.previous !== undefined
}

/** Whether it was ever told as running: a hook that is not over keeps it from that (H1). */
export function wasToldRunning(seen: ObservedPod, name: string): boolean {
  const record = recordOf(seen, name)
  if (record === undefined) return false
  const { state, previous } = record
  return previous !== undefined || state.is === 'exited' || (state.is === 'running' && !isHeldByPostStart(state))
}

/** False without a sandbox: what was started in the one that is gone is of an older one. */
export function isOfThisSandbox(seen: ObservedPod, name: string): boolean {
  return seen.sandbox.is === 'ready' && recordOf(seen, name)?.sandboxAttempt === seen.sandbox.attempt
}
