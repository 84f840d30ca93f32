import { isSidecar, type Container, type ContainerStatus, type Pod } from '../pod.ts'
import { after, quoted, waits, type PodReason, type SeenPod } from './pod-reason.ts'
import { RULES } from './waiting-rules.ts'
import { probeWord, whyContainerWaits, type SeenContainer } from './why-container-waits.ts'

/** Of a pod whose init containers are done: the first container in trouble, then what else it takes to be ready. */
export function whyAppsWait(seen: SeenPod): PodReason {
  const containers = containersOf(seen.pod)
  return (
    firstReason(containers, (each) => whyContainerWaits(seen, each)) ??
    whySidecarsRun(seen.pod) ??
    firstReason(containers, (each) => whyEnded(seen.pod, each)) ??
    firstReason(containers, whyNotMade) ??
    firstReason(containers, (each) => whyNotReady(seen, each)) ??
    whyGatesClosed(seen.pod) ??
    whyNothing(seen.pod, containers)
  )
}

/** Those that are meant to run: sidecars first, as they start first. */
function containersOf({ spec, status }: Pod): readonly SeenContainer[] {
  const seen = (container: Container, kind: string, statuses: readonly ContainerStatus[] = []): SeenContainer => ({
    container,
    status: statuses.find(({ name }) => name === container.name),
    place: `${kind} "${container.name}"`,
  })
  const sidecars = (spec.initContainers ?? []).filter(isSidecar)
  return [
    ...sidecars.map((container) => seen(container, 'sidecar', status?.initContainerStatuses)),
    ...spec.containers.map((container) => seen(container, 'container', status?.containerStatuses)),
  ]
}

function firstReason(
  containers: readonly SeenContainer[],
  why: (container: SeenContainer) => PodReason | undefined,
): PodReason | undefined {
  for (const container of containers) {
    const reason = why(container)
    if (reason !== undefined) return reason
  }
  return undefined
}

function whySidecarsRun(pod: Pod): PodReason | undefined {
  const apps = pod.status?.containerStatuses ?? []
  const areDone = apps.length > 0 && apps.every((status) => isDone(pod, status))
  const running = (pod.status?.initContainerStatuses ?? []).filter(({ state }) => state?.running !== undefined)
  if (!areDone || running.length === 0) return undefined
  return waits(
    `for its sidecars ${quoted(running.map(({ name }) => name))} to stop: its app containers are done`,
    RULES.sidecarsAfterWork,
  )
}

function whyEnded(pod: Pod, { status, place }: SeenContainer): PodReason | undefined {
  const ended = status?.state?.terminated
  if (status === undefined || ended === undefined || isDone(pod, status)) return undefined
  const kind = ended.reason === 'OOMKilled' ? ' (OOMKilled)' : ''
  return waits(`to restart ${place}: it exited ${ended.exitCode}${kind}${after(ended.message)}`, RULES.restartPolicy)
}

/** Ended, and not started again. */
function isDone({ spec }: Pod, { name, state }: ContainerStatus): boolean {
  const exitCode = state?.terminated?.exitCode
  if (exitCode === undefined) return false
  const own = spec.containers.find((container) => container.name === name)?.restartPolicy
  const policy = own ?? spec.restartPolicy
  return policy === 'Never' || (policy === 'OnFailure' && exitCode === 0)
}

function whyNotMade({ status, place }: SeenContainer): PodReason | undefined {
  const isThere = (status?.state?.running ?? status?.state?.terminated) !== undefined
  return isThere ? undefined : waits(`for ${place} to be made and started`, RULES.start)
}

function whyNotReady(seen: SeenPod, { container, status, place }: SeenContainer): PodReason | undefined {
  if (status?.state?.running === undefined || status.ready) return undefined
  if (container.readinessProbe === undefined) return waits(`for ${place} to become ready`, RULES.readinessProbe)
  return waits(`for the readiness probe of ${place}${probeWord(seen, container, 'Readiness')}`, RULES.readinessProbe)
}

function whyGatesClosed({ spec, status }: Pod): PodReason | undefined {
  const conditions = status?.conditions ?? []
  const closed = (spec.readinessGates ?? [])
    .map(({ conditionType }) => conditionType)
    .filter((gate) => !conditions.some(({ type, status: is }) => type === gate && is === 'True'))
  if (closed.length === 0) return undefined
  return waits(`for the conditions ${quoted(closed)} of its readiness gates to be set to True`, RULES.readinessGates)
}

function whyNothing(pod: Pod, containers: readonly SeenContainer[]): PodReason {
  const running = containers.filter(({ status }) => status?.state?.running !== undefined)
  const done = containers.filter(({ status }) => status !== undefined && isDone(pod, status))
  if (done.length > 0) {
    const names = (all: readonly SeenContainer[]): string => quoted(all.map(({ container }) => container.name))
    return waits(
      `for its containers ${names(running)} to end: ${names(done)} ended before and will not restart`,
      RULES.phase,
    )
  }
  const isReady = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
  if (!isReady) return waits('for its node to say that it is ready: all of its containers are', RULES.readinessProbe)
  return { is: 'ready', says: 'waits for nothing: it is ready', rule: RULES.readinessProbe }
}
