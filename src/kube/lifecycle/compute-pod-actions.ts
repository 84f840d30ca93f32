import type { Pod } from '../api/pod.ts'
import { isOfThisSandbox, isUp } from './container-facts.ts'
import { allPlaces, ephemeralPlaces } from './container-places.ts'
import { keepRunning } from './keep-running.ts'
import type { ObservedPod } from './observed-pod.ts'
import type { PodAction } from './pod-action.ts'
import { computePodCourse, deadlineAtMs, earliestStopMs } from './pod-course.ts'
import { resizeSteps } from './resize-steps.ts'
import { restartAll } from './restart-all.ts'
import { isMaybeMended } from './source-change.ts'
import { RETRY_MS } from './start-retry-delay.ts'
import { startUp } from './start-up.ts'
import { stopContainers } from './stop-containers.ts'
import { tearDown } from './tear-down.ts'

/**
 * What should happen next to one Pod. Asked again after every change and at the instant of 'look-again'; an action
 * whose effect is under way is not asked for again.
 */
export function computePodActions(pod: Pod, seen: ObservedPod, nowMs: number): PodAction[] {
  const course = computePodCourse(pod, seen, nowMs)
  if (course.is === 'ending') return withOneLookAgain(tearDown(pod, seen, course, nowMs), nowMs)
  const deadline: PodAction = { do: 'look-again', atMs: deadlineAtMs(pod, seen) }
  const steps = course.is === 'restarting-all' ? restartAll(pod, seen, nowMs) : keepUp(pod, seen, nowMs)
  return withOneLookAgain([...steps, deadline], nowMs)
}

/** S1, S11: a sandbox first; nothing of an older one may be left when a new one is made or used. */
function keepUp(pod: Pod, seen: ObservedPod, nowMs: number): PodAction[] {
  const { sandbox } = seen
  if (sandbox.is === 'changing') return []
  if (allPlaces(pod).some(({ name }) => isUp(seen, name) && !isOfThisSandbox(seen, name))) {
    return stopLeftovers(pod, seen, nowMs)
  }
  if (sandbox.is === 'ready') {
    return [...startEphemeral(pod, seen, nowMs), ...startUp(pod, seen, nowMs), ...resizeSteps(pod, seen, nowMs)]
  }
  const dueAtMs = sandbox.is === 'failed' && !isMaybeMended(seen, sandbox) ? sandbox.failedAtMs + RETRY_MS : nowMs
  if (nowMs < dueAtMs) return [{ do: 'look-again', atMs: dueAtMs }]
  return [{ do: 'create-sandbox', attempt: nextAttempt(seen) }]
}

/** C1: whatever else the pod is at: one may be there to find out why it gets no further. */
function startEphemeral(pod: Pod, seen: ObservedPod, nowMs: number): PodAction[] {
  return ephemeralPlaces(pod).flatMap((place) => keepRunning(pod, seen, place, nowMs))
}

function stopLeftovers(pod: Pod, seen: ObservedPod, nowMs: number): PodAction[] {
  const graceSeconds = pod.spec.terminationGracePeriodSeconds
  const sinceMs = earliestStopMs(seen) ?? nowMs
  return stopContainers(pod, seen, { because: 'SandboxChanged', sinceMs, graceSeconds }, nowMs)
}

function nextAttempt(seen: ObservedPod): number {
  return Math.max(-1, ...Object.values(seen.containers).map(({ sandboxAttempt }) => sandboxAttempt)) + 1
}

/** Only the earliest instant matters, and only if it is still to come. */
function withOneLookAgain(actions: readonly PodAction[], nowMs: number): PodAction[] {
  const instants = actions.map((action) => (action.do === 'look-again' ? action.atMs : Infinity))
  const atMs = Math.min(Infinity, ...instants.filter((instant) => instant > nowMs))
  const steps = actions.filter((action) => action.do !== 'look-again')
  return Number.isFinite(atMs) ? [...steps, { do: 'look-again', atMs }] : steps
}
