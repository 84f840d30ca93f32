import { allContainers } from '../api/pod.ts'
import type { Pod } from '../api/pod.ts'
import { hasRun, stateHere, stateOf } from './container-facts.ts'
import { allPlaces, appPlaces, initPlaces } from './container-places.ts'
import type { ContainerPlace } from './container-places.ts'
import type { ContainerState, ExitedContainer, ObservedPod, ObservedStopping } from './observed-pod.ts'
import type { StopReason } from './pod-action.ts'
import { containerNamed, isRestartedAfter, restartsAll } from './restart-rules.ts'

/** Where a pod is heading: it goes on, it begins anew (R7), or it comes to an end that nothing turns back. */
export type PodCourse =
  | { readonly is: 'live' }
  /** @see restartAll. `trigger` is the container whose exit asked for it. */
  | { readonly is: 'restarting-all'; readonly trigger: string }
  | PodEnding

/** What took more than it may is stopped at once, but its programs hear of it (upstream: immediateEvictionGracePeriodSeconds). */
const EVICTION_GRACE_SECONDS = 1

export interface PodEnding {
  readonly is: 'ending'
  readonly because: StopReason
  /** When its grace period began. */
  readonly sinceMs: number
  readonly graceSeconds: number
}

export function computePodCourse(pod: Pod, seen: ObservedPod, nowMs: number): PodCourse {
  const deletion = pod.metadata.deletionTimestamp
  if (deletion !== undefined) return deleted(pod, seen, deletion, nowMs)

  if (seen.rejected !== undefined) return { is: 'ending', because: 'Rejected', sinceMs: nowMs, graceSeconds: 0 }

  const endedAtMs = naturalEndMs(pod, seen)
  const deadlineMs = deadlineAtMs(pod, seen)
  const wasOver = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
  // What was over before the deadline stays what it was, however late it is looked at.
  const isLate = deadlineMs <= nowMs && !(endedAtMs !== undefined && endedAtMs < deadlineMs)
  if (isLate && (!wasOver || pod.status.reason === 'DeadlineExceeded')) {
    return ending(pod, 'DeadlineExceeded', stopBeganMs(seen, deadlineMs, nowMs))
  }
  const { evicted } = seen
  // What had ended before it took too much stays what it was; what the eviction ended did not end by itself.
  const isEvicted = evicted !== undefined && !(endedAtMs !== undefined && endedAtMs < evicted.atMs)
  if (isEvicted && (!wasOver || pod.status.reason === 'Evicted')) {
    return { is: 'ending', because: 'Evicted', sinceMs: evicted.atMs, graceSeconds: EVICTION_GRACE_SECONDS }
  }
  if (endedAtMs !== undefined) return ending(pod, 'PodFinished', stopBeganMs(seen, endedAtMs, nowMs))
  // Invariant 7: the phase on record holds even when the containers' own records are gone.
  if (wasOver) return ending(pod, 'PodFinished', stopBeganMs(seen, nowMs, nowMs))
  if (isLostForGood(pod, seen)) return ending(pod, 'SandboxChanged', stopBeganMs(seen, nowMs, nowMs))
  const trigger = allContainers(pod).find((container) => {
    const state = stateHere(seen, container.name)
    return state.is === 'exited' && restartsAll(container, state)
  })
  return trigger === undefined ? { is: 'live' } : { is: 'restarting-all', trigger: trigger.name }
}

/** When activeDeadlineSeconds is over (S13); Infinity without it. */
export function deadlineAtMs(pod: Pod, seen: ObservedPod): number {
  const { activeDeadlineSeconds } = pod.spec
  return activeDeadlineSeconds === undefined ? Infinity : seen.acceptedAtMs + activeDeadlineSeconds * 1000
}

/** When a stop that is on record began, if there is one. */
export function earliestStopMs(seen: ObservedPod): number | undefined {
  const begun = Object.values(seen.containers)
    .map(({ state }): ObservedStopping | undefined => (state.is === 'running' ? state.stopping : undefined))
    .filter((stopping) => stopping !== undefined)
  return begun.length === 0 ? undefined : Math.min(...begun.map(({ sinceMs }) => sinceMs))
}

function ending(pod: Pod, because: StopReason, sinceMs: number): PodEnding {
  return { is: 'ending', because, sinceMs, graceSeconds: pod.spec.terminationGracePeriodSeconds }
}

/**
 * metadata.deletionTimestamp is when the grace ends. Kubernetes cuts it to whole seconds, so the request came up to a
 * second later than it seems: it is dated by the first stop it caused, so that a short grace is not cut shorter.
 */
function deleted(pod: Pod, seen: ObservedPod, graceEnd: string, nowMs: number): PodEnding {
  const graceSeconds = pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds
  const earliestMs = Date.parse(graceEnd) - graceSeconds * 1000
  const latestMs = graceEnd.includes('.') ? earliestMs : earliestMs + 999
  const requestedMs = Math.max(earliestMs, Math.min(latestMs, earliestStopMs(seen) ?? nowMs))
  // H5: an agent restart in the middle restarts the full grace. A request in the future: the clock was set back.
  const sinceMs = Math.min(nowMs, Math.max(requestedMs, seen.adoptedAtMs ?? requestedMs))
  return { is: 'ending', because: 'PodDeleted', sinceMs, graceSeconds }
}

/** When the last app container ended for good (S10), or the init container whose failure is final (S3). */
function naturalEndMs(pod: Pod, seen: ObservedPod): number | undefined {
  const failedInit = initPlaces(pod)
    .filter(({ role }) => role === 'init')
    .map((place) => finalExit(pod, seen, place))
    .find((exit) => exit !== undefined && exit.exitCode !== 0)
  if (failedInit !== undefined) return failedInit.finishedAtMs
  const exits = appPlaces(pod).map((place) => finalExit(pod, seen, place))
  return exits.every((exit) => exit !== undefined) ? Math.max(...exits.map((exit) => exit.finishedAtMs)) : undefined
}

function finalExit(pod: Pod, seen: ObservedPod, place: ContainerPlace): ExitedContainer | undefined {
  const state = stateOf(seen, place.name)
  return state.is === 'exited' && !isRestartedAfter(pod, place, state) ? state : undefined
}

/** A pod that restarts nothing is not begun anew when its sandbox is gone: what ran in it may not run twice. */
function isLostForGood(pod: Pod, seen: ObservedPod): boolean {
  if (seen.sandbox.is === 'ready' || seen.sandbox.is === 'changing') return false
  const restartsSome = appPlaces(pod).some(
    ({ name }) => (containerNamed(pod, name)?.restartPolicy ?? pod.spec.restartPolicy) !== 'Never',
  )
  if (restartsSome) return false
  return allPlaces(pod).some(({ name }) => hasRun(seen, name))
}

/**
 * When the stop that an event of `causeMs` asks for began: then, if anything is known to have happened since; else with
 * the first stop on record, or now: an agent that was down at that moment does not eat up the grace period.
 */
function stopBeganMs(seen: ObservedPod, causeMs: number, nowMs: number): number {
  const states = Object.values(seen.containers).map(({ state }) => state)
  if (states.some((state) => newestInstantMs(state) > causeMs)) return causeMs
  return Math.max(causeMs, earliestStopMs(seen) ?? nowMs)
}

/** The last thing that is known to have happened to a container; Infinity while something is under way. */
function newestInstantMs(state: ContainerState): number {
  switch (state.is) {
    case 'absent':
      return -Infinity
    case 'starting':
      return Infinity
    case 'not-started':
      return state.failedAtMs
    case 'running':
      return state.startedAtMs
    case 'exited':
      return state.finishedAtMs
  }
}
