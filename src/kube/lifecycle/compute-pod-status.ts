import { rfc3339 } from '../api/rfc3339.ts'
import type { Container, ContainerStatus, Pod, PodStatus } from '../api/pod.ts'
import { podAsAllocated } from './allocation.ts'
import { stateOf } from './container-facts.ts'
import { appPlaces, initPlaces } from './container-places.ts'
import type { ContainerRole } from './container-places.ts'
import { computeContainerStatus, NEVER_FOUND, viewContainer } from './container-status.ts'
import type { ObservedPod } from './observed-pod.ts'
import { computePodConditions } from './pod-conditions.ts'
import { everyStatus } from './every-status.ts'
import { computePodCourse } from './pod-course.ts'
import { computePodOutcome } from './pod-phase.ts'

/**
 * What is told of a Pod to whoever asks (S9, S10, R9, C3).
 *
 * @param previous the status told last: counts, final phases and transition times of it hold; absent: `pod.status`.
 */
export function computePodStatus(
  pod: Pod,
  seen: ObservedPod,
  previous: PodStatus | undefined,
  nowMs: number,
): PodStatus {
  const before = previous ?? pod.status
  const course = computePodCourse(pod, seen, nowMs)
  const outcome = computePodOutcome(pod, seen, { course, before })
  const promised = podAsAllocated(pod, seen.allocated)
  if (seen.rejected !== undefined) return { ...rejected(pod, seen, before), ...outcome }
  const isOver = outcome.phase === 'Succeeded' || outcome.phase === 'Failed'
  const statusOf = (container: Container, role: ContainerRole): ContainerStatus => {
    const last = everyStatus(before).find(({ name }) => name === container.name)
    const now = { before: last, isLive: course.is === 'live' && !isOver, nowMs }
    return computeContainerStatus(viewContainer({ pod, container, role }, seen, now))
  }
  const roles = initPlaces(pod).map(({ role }) => role)
  const initStatuses = (promised.spec.initContainers ?? []).map((init, index) => statusOf(init, roles[index] ?? 'init'))
  const appStatuses = promised.spec.containers.map((app) => statusOf(app, 'app'))
  const ephemeralStatuses = (pod.spec.ephemeralContainers ?? []).map((each) => statusOf(each, 'ephemeral'))
  const endedApps = isOver && wasInitialized(pod, seen) ? appStatuses.map(ended) : appStatuses
  const conditionInputs = {
    phase: outcome.phase,
    course,
    containers: [...initStatuses, ...endedApps],
    before: before?.conditions ?? [],
  }
  const { generation } = pod.metadata
  return {
    ...outcome,
    ...(generation !== undefined && { observedGeneration: generation }),
    conditions: computePodConditions(pod, seen, conditionInputs, nowMs),
    ...addresses(seen, before),
    startTime: rfc3339(seen.acceptedAtMs),
    ...(initStatuses.length > 0 && { initContainerStatuses: initStatuses }),
    containerStatuses: endedApps,
    ...(ephemeralStatuses.length > 0 && { ephemeralContainerStatuses: ephemeralStatuses }),
    ...(before?.qosClass !== undefined && { qosClass: before.qosClass }),
  }
}

/** A node says no more of a pod that it did not take. */
function rejected(pod: Pod, seen: ObservedPod, before: PodStatus | undefined): PodStatus {
  const { generation } = pod.metadata
  return {
    ...before,
    ...(generation !== undefined && { observedGeneration: generation }),
    startTime: rfc3339(seen.acceptedAtMs),
  }
}

function wasInitialized(pod: Pod, seen: ObservedPod): boolean {
  return initPlaces(pod).length === 0 || appPlaces(pod).some(({ name }) => stateOf(seen, name).is !== 'absent')
}

/** In a pod that is over nothing waits any more. */
function ended(status: ContainerStatus): ContainerStatus {
  if (status.state?.waiting === undefined) return status
  return { ...status, state: status.lastState?.terminated === undefined ? NEVER_FOUND : status.lastState }
}

/** Those of the sandbox; of the last one, while there is none. */
function addresses(seen: ObservedPod, before: PodStatus | undefined): Partial<PodStatus> {
  if (seen.sandbox.is !== 'ready') {
    return {
      ...(before?.hostIP !== undefined && { hostIP: before.hostIP }),
      ...(before?.hostIPs !== undefined && { hostIPs: before.hostIPs }),
      ...(before?.podIP !== undefined && { podIP: before.podIP }),
      ...(before?.podIPs !== undefined && { podIPs: before.podIPs }),
    }
  }
  const [hostIP] = seen.sandbox.hostIPs
  const [podIP] = seen.sandbox.podIPs
  return {
    ...(hostIP !== undefined && { hostIP, hostIPs: seen.sandbox.hostIPs.map((ip) => ({ ip })) }),
    ...(podIP !== undefined && { podIP, podIPs: seen.sandbox.podIPs.map((ip) => ({ ip })) }),
  }
}
