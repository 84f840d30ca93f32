import { rfc3339 } from '../api/rfc3339.ts'
import type { Container, ContainerStatus, ContainerStatusState, Pod } from '../api/pod.ts'
import { backOffShownAtMs, pullBackOffShownAtMs } from './back-off-shown.ts'
import { recordOf, stateHere } from './container-facts.ts'
import { containerGrants } from './container-grants.ts'
import type { ContainerRole } from './container-places.ts'
import { goDuration } from './instants.ts'
import type { ExitedContainer, NotStarted, ObservedContainer, ObservedPod } from './observed-pod.ts'
import type { BackOff } from './restart-delay.ts'
import { countedDelayMs, earnedDelayMs } from './restart-delay.ts'
import { isRestartedAfter } from './restart-rules.ts'
import { inDeletedPod, isHeldByPostStart } from './running-container.ts'
import { isItsTurnToStart } from './start-up.ts'

export interface ContainerView {
  readonly pod: Pod
  readonly container: Container
  readonly role: ContainerRole
  readonly record: ObservedContainer | undefined
  /** The status that was told before this one. */
  readonly before: ContainerStatus | undefined
  /** The pod goes on: what ended is started again if its policy says so. */
  readonly isLive: boolean
  /** It ended in a sandbox that is gone and has to run once more (S11). */
  readonly isDueAgain: boolean
  /** All that have to be up or done before it starts are (S2, S4). */
  readonly isItsTurn: boolean
  readonly backOff: BackOff | undefined
  readonly nowMs: number
}

/** What is told of one container: `state`, and `lastState` where there was an instance before. */
type Told = { readonly state: ContainerStatusState; readonly lastState?: ContainerStatusState }

export function viewContainer(
  place: { readonly pod: Pod; readonly container: Container; readonly role: ContainerRole },
  seen: ObservedPod,
  now: { readonly before: ContainerStatus | undefined; readonly isLive: boolean; readonly nowMs: number },
): ContainerView {
  const { name } = place.container
  const record = asTold(place.pod, place.container, recordOf(seen, name))
  const endedElsewhere = record?.state.is === 'exited' && stateHere(seen, name).is === 'absent'
  const beginsAnew = place.role === 'init' || place.role === 'sidecar'
  const isDueAgain = now.isLive && beginsAnew && endedElsewhere
  const isItsTurn = now.isLive && isItsTurnToStart(place.pod, seen, { name, role: place.role })
  return { ...place, ...now, record, isDueAgain, isItsTurn, backOff: seen.backOff }
}

/** One entry of initContainerStatuses, containerStatuses or ephemeralContainerStatuses (R9). */
export function computeContainerStatus(view: ContainerView): ContainerStatus {
  const { container, role, record, before } = view
  // A record that is gone was cleaned up after its container's end: what was told of that end stays true.
  if (isWithoutRecord(record) && before?.state?.terminated !== undefined) return before
  const { state, lastState = {} } = tell(view)
  const running = record?.state.is === 'running' ? record.state : undefined
  const hasSucceeded = state.terminated?.exitCode === 0
  const id = record === undefined ? undefined : newestId(record)
  return {
    name: container.name,
    state,
    lastState,
    ...(role === 'ephemeral'
      ? // Nobody waits for one (C1): a Kubernetes node does not say whether it has started.
        { ready: false }
      : { ready: role === 'init' ? hasSucceeded : running?.ready === true, started: running?.started === true }),
    restartCount: Math.max(record === undefined ? 0 : restartsTold(record), before?.restartCount ?? 0),
    image: record?.image?.name ?? container.image,
    imageID: record?.image?.id ?? '',
    ...(id !== undefined && { containerID: containerID(id) }),
    ...containerGrants(container, record),
    ...(record?.stopSignal !== undefined && { stopSignal: record.stopSignal }),
  }
}

/** H1: until its postStart hook is over a container is told as one that is still being started. */
function asTold(pod: Pod, container: Container, record: ObservedContainer | undefined): ObservedContainer | undefined {
  if (record?.state.is !== 'running') return record
  const { state } = record
  if (isHeldByPostStart(state)) return { ...record, state: { is: 'starting', sinceMs: state.startedAtMs } }
  const isDeleted = pod.metadata.deletionTimestamp !== undefined && container.startupProbe !== undefined
  return isDeleted ? { ...record, state: inDeletedPod(container, state) } : record
}

/** What a container that never ran is told as once its pod is over. */
export const NEVER_FOUND: ContainerStatusState = {
  terminated: {
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
    message: 'The container could not be located when the pod was terminated',
  },
}

function tell(view: ContainerView): Told {
  const { record } = view
  if (record === undefined) return { state: notYet(view) }
  const { state, previous } = record
  const last = previous === undefined ? {} : { lastState: terminated(previous) }
  switch (state.is) {
    case 'absent':
      return { state: notYetAgain(view, record) ?? notYet(view), ...last }
    case 'starting':
      return previous === undefined ? { state: notYet(view) } : tellRestarting(view, record, previous)
    case 'not-started':
      return { state: waitingToRetry(view, state), ...last }
    case 'running':
      return { state: { running: { startedAt: rfc3339(state.startedAtMs) } }, ...last }
    case 'exited':
      return view.isDueAgain ? { state: notYet(view), lastState: terminated(state) } : tellExited(view, record, state)
  }
}

/** A restart that is under way is still told as the back-off, or the end, that it comes out of. */
function tellRestarting(view: ContainerView, record: ObservedContainer, previous: ExitedContainer): Told {
  if (view.role === 'init' && previous.exitCode === 0) return { state: notYet(view), lastState: terminated(previous) }
  const delayMs = countedDelayMs(record, previous, view.backOff)
  if (delayMs > 0) return { state: crashLoop(view, delayMs), lastState: terminated(previous) }
  return tellEnd(previous)
}

function tellExited(view: ContainerView, record: ObservedContainer, exit: ExitedContainer): Told {
  const last = record.previous === undefined ? {} : { lastState: terminated(record.previous) }
  const { pod, container, role, backOff, isLive, nowMs } = view
  if (!isLive || !isRestartedAfter(pod, { name: container.name, role }, exit)) {
    return { state: terminated(exit), ...last }
  }
  const delayMs = earnedDelayMs(container, record, { exit, backOff })
  if (delayMs > 0 && nowMs >= backOffShownAtMs(exit, delayMs)) {
    return { state: crashLoop(view, delayMs), lastState: terminated(exit) }
  }
  return { ...last, ...tellEnd(exit) }
}

/** What could not be executed, or not begun well, is told as waiting for another try, the attempt as the last state. */
function tellEnd(exit: ExitedContainer): Told {
  const lastState = terminated(exit)
  if (exit.postStartFailure !== undefined) {
    return { state: waiting('PostStartHookError', exit.postStartFailure), lastState }
  }
  if (exit.reason === 'StartError') return { state: waiting('RunContainerError', exit.message), lastState }
  return { state: lastState }
}

/** R7: one of all containers that begin anew may have to wait for its back-off. */
function notYetAgain(view: ContainerView, record: ObservedContainer): ContainerStatusState | undefined {
  const { previous } = record
  if (!view.isItsTurn || previous === undefined) return undefined
  const delayMs = countedDelayMs(record, previous, view.backOff)
  return view.nowMs < previous.finishedAtMs + delayMs ? crashLoop(view, delayMs) : undefined
}

function notYet({ pod }: ContainerView): ContainerStatusState {
  return waiting((pod.spec.initContainers ?? []).length > 0 ? 'PodInitializing' : 'ContainerCreating')
}

function waitingToRetry({ container, nowMs }: ContainerView, failure: NotStarted): ContainerStatusState {
  if (nowMs < pullBackOffShownAtMs(failure)) return waiting(failure.reason, failure.message)
  const cause = `${failure.reason}: ${failure.message}`
  return waiting('ImagePullBackOff', `Back-off pulling image "${container.image}": ${cause}`)
}

function crashLoop({ pod, container }: ContainerView, delayMs: number): ContainerStatusState {
  const { name, namespace, uid } = pod.metadata
  const which = `container=${container.name} pod=${name}_${namespace}(${uid})`
  return waiting('CrashLoopBackOff', `back-off ${goDuration(delayMs)} restarting failed ${which}`)
}

function waiting(reason: string, message?: string): ContainerStatusState {
  return { waiting: { reason, ...(message !== undefined && { message }) } }
}

function terminated(exit: ExitedContainer): ContainerStatusState {
  return {
    terminated: {
      exitCode: exit.exitCode,
      ...(exit.signal !== undefined && { signal: exit.signal }),
      reason: exit.reason,
      ...(exit.message !== undefined && { message: exit.message }),
      startedAt: rfc3339(exit.startedAtMs),
      finishedAt: rfc3339(exit.finishedAtMs),
      containerID: containerID(exit.id),
    },
  }
}

/** The record counts a restart once it begins; it is told once there is a new instance. */
function restartsTold({ state, restarts, previous }: ObservedContainer): number {
  const isThere = state.is === 'running' || state.is === 'exited'
  return isThere || previous === undefined ? restarts : restarts - 1
}

function isWithoutRecord(record: ObservedContainer | undefined): boolean {
  return record === undefined || (record.state.is === 'absent' && record.previous === undefined)
}

function newestId({ state, previous }: ObservedContainer): string | undefined {
  return state.is === 'running' || state.is === 'exited' ? state.id : previous?.id
}

function containerID(id: string): string {
  return `peapod://${id}`
}
