import type { Pod } from '../api/pod.ts'
import { recordOf, stateHere, stateOf } from './container-facts.ts'
import { isRestartedAfter } from './container-places.ts'
import type { ContainerPlace } from './container-places.ts'
import type { ExitedContainer, ObservedPod } from './observed-pod.ts'
import type { PodAction } from './pod-action.ts'
import { backOffShownAtMs, pullBackOffShownAtMs } from './back-off-shown.ts'
import { earnedDelayMs } from './restart-delay.ts'
import { startRetryAtMs } from './start-retry-delay.ts'
import { finishOwnStop } from './stop-containers.ts'

/** What one container whose turn has come needs now: its first start, another one after a back-off, or nothing. */
export function keepRunning(pod: Pod, seen: ObservedPod, place: ContainerPlace, nowMs: number): PodAction[] {
  const { name, role } = place
  // App containers keep the back-off that they earned in an older sandbox, and one that succeeded there is done (R1);
  // init containers and sidecars begin anew (S11).
  const state = role === 'app' ? stateOf(seen, name) : stateHere(seen, name)
  switch (state.is) {
    case 'absent':
      return [{ do: 'start', container: name }]
    case 'starting':
      return []
    case 'running':
      return state.stopping === undefined ? [] : finishOwnStop(name, state.stopping, nowMs)
    case 'not-started':
      return startAt(name, startRetryAtMs(state), { nowMs, shownAtMs: pullBackOffShownAtMs(state) })
    case 'exited':
      return isRestartedAfter(pod, role, state) ? restart(seen, name, state, nowMs) : []
  }
}

function restart(seen: ObservedPod, name: string, exit: ExitedContainer, nowMs: number): PodAction[] {
  const record = recordOf(seen, name)
  const delayMs = record === undefined ? 0 : earnedDelayMs(record, exit, seen.backOff)
  return startAt(name, exit.finishedAtMs + delayMs, { nowMs, shownAtMs: backOffShownAtMs(exit, delayMs) })
}

/** Starts it when it is time; until then, the status has to be told once more when the back-off is to be seen in it. */
function startAt(container: string, atMs: number, when: { nowMs: number; shownAtMs: number }): PodAction[] {
  if (when.nowMs >= atMs) return [{ do: 'start', container }]
  return [{ do: 'look-again', atMs: when.nowMs < when.shownAtMs ? Math.min(when.shownAtMs, atMs) : atMs }]
}
