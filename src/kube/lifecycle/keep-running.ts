import type { Container, Pod } from '../api/pod.ts'
import { backOffShownAtMs, pullBackOffShownAtMs } from './back-off-shown.ts'
import { recordOf, stateHere, stateOf } from './container-facts.ts'
import type { ContainerPlace } from './container-places.ts'
import { isImageChanged } from './image-change.ts'
import type { ExitedContainer, NotStarted, ObservedContainer, ObservedPod, RunningContainer } from './observed-pod.ts'
import { ownStopReason } from './own-stop-reason.ts'
import type { PodAction } from './pod-action.ts'
import { isStoppedToResize } from './resize-steps.ts'
import { countedDelayMs, earnedDelayMs } from './restart-delay.ts'
import { containerNamed, isRestartedAfter } from './restart-rules.ts'
import { mayStartNow } from './source-change.ts'
import { startRetryAtMs } from './start-retry-delay.ts'
import { beginOwnStop, goOnWithOwnStop } from './stop-containers.ts'

/** What one container whose turn has come needs now: its first start, another one after a back-off, or nothing. */
export function keepRunning(pod: Pod, seen: ObservedPod, place: ContainerPlace, nowMs: number): PodAction[] {
  const { name, role } = place
  const container = containerNamed(pod, name)
  const record = recordOf(seen, name)
  if (container === undefined || record === undefined) return [{ do: 'start', container: name }]
  // App containers keep the back-off that they earned in an older sandbox, and one that succeeded there is done (R1);
  // init containers and sidecars begin anew (S11). An ephemeral one that ended anywhere is done (C1).
  const state = role === 'app' || role === 'ephemeral' ? stateOf(seen, name) : stateHere(seen, name)
  switch (state.is) {
    case 'absent':
      return startAnew(seen, container, record, nowMs)
    case 'starting':
      return []
    case 'running':
      return tend(
        pod,
        container,
        { record, state, isInit: role === 'init', isStoppedToResize: isStoppedToResize(pod, seen, name) },
        nowMs,
      )
    case 'not-started':
      if (mayStartNow(seen, state)) return [{ do: 'start', container: name }]
      return tryAgain(container, record, state, nowMs)
    case 'exited':
      return isRestartedAfter(pod, place, state) ? restart(seen, container, { record, exit: state }, nowMs) : []
  }
}

/** R7: one of all containers that begin anew keeps to its own back-off. Who never ran, or ran elsewhere, starts at once. */
function startAnew(seen: ObservedPod, container: Container, record: ObservedContainer, nowMs: number): PodAction[] {
  const { name } = container
  const { state, previous } = record
  if (state.is !== 'absent' || previous === undefined) return [{ do: 'start', container: name }]
  const delayMs = isImageChanged(container, record) ? 0 : countedDelayMs(record, previous, seen.backOff)
  return startAt(name, previous.finishedAtMs + delayMs, { nowMs, shownAtMs: backOffShownAtMs(previous, delayMs) })
}

type Running = {
  readonly record: ObservedContainer
  readonly state: RunningContainer
  readonly isInit: boolean
  readonly isStoppedToResize: boolean
}

/** What a running container needs: that its stop goes on or begins, or that its postStart hook is run. */
function tend(pod: Pod, container: Container, running: Running, nowMs: number): PodAction[] {
  const { state } = running
  if (state.stopping !== undefined) return goOnWithOwnStop(container, state.stopping, nowMs)
  const reason = running.isInit ? undefined : ownStopReason(pod, container, running)
  if (reason !== undefined) return beginOwnStop(container, reason, nowMs)
  return state.postStart === 'due' ? [{ do: 'run-post-start', container: container.name }] : []
}

/** Another image is tried at once: its name may just have been mended. */
function tryAgain(container: Container, record: ObservedContainer, state: NotStarted, nowMs: number): PodAction[] {
  const { name } = container
  if (isImageChanged(container, record)) return [{ do: 'start', container: name }]
  return startAt(name, startRetryAtMs(state), { nowMs, shownAtMs: pullBackOffShownAtMs(state) })
}

function restart(
  seen: ObservedPod,
  container: Container,
  { record, exit }: { readonly record: ObservedContainer; readonly exit: ExitedContainer },
  nowMs: number,
): PodAction[] {
  const delayMs = earnedDelayMs(container, record, { exit, backOff: seen.backOff })
  return startAt(container.name, exit.finishedAtMs + delayMs, { nowMs, shownAtMs: backOffShownAtMs(exit, delayMs) })
}

/** Starts it when it is time; until then, the status has to be told once more when the back-off is to be seen in it. */
function startAt(container: string, atMs: number, when: { nowMs: number; shownAtMs: number }): PodAction[] {
  if (when.nowMs >= atMs) return [{ do: 'start', container }]
  return [{ do: 'look-again', atMs: when.nowMs < when.shownAtMs ? Math.min(when.shownAtMs, atMs) : atMs }]
}
