import type { Container, Pod } from '../api/pod.ts'
import { allContainers } from '../api/pod.ts'
import type { Amounts } from './allocation.ts'
import { amountsOf, changedIn, isSameAmounts, podAsAllocated } from './allocation.ts'
import { recordOf } from './container-facts.ts'
import type { ObservedContainer, ObservedPod } from './observed-pod.ts'
import type { PodAction } from './pod-action.ts'
import { RETRY_MS } from './start-retry-delay.ts'

/**
 * What a promised resize needs next (Q6): that it is carried out; or, when containers have to be restarted for it, that the
 * rest follows once they were.
 */
export function resizeSteps(pod: Pod, seen: ObservedPod, nowMs: number): PodAction[] {
  const step = seen.resizing?.step
  if (step === 'under-way') return []
  if (step === 'due') return [{ do: 'resize' }]
  if (typeof step === 'object') {
    const againAtMs = step.failedAtMs + RETRY_MS
    return [nowMs < againAtMs ? { do: 'look-again', atMs: againAtMs } : { do: 'resize' }]
  }
  const left = containersToResize(pod, seen)
  if (step === 'restarting') {
    const isRestarting =
      left.some(({ isRestarted }) => isRestarted) || Object.values(seen.containers).some(isComingBack)
    return isRestarting ? [] : [{ do: 'resize' }]
  }
  // One that was made before the resize, and started after it.
  return left.length > 0 ? [{ do: 'resize' }] : []
}

/** It was stopped for the resize, and does not run again yet. */
function isComingBack({ state, previous }: ObservedContainer): boolean {
  if (state.is === 'running') return false
  return (state.is === 'exited' ? state : previous)?.stoppedBecause === 'Resized'
}

export interface ContainerToResize {
  /** As it is to be. */
  readonly container: Container
  /** Of the instance that runs. */
  readonly id: string
  readonly isRestarted: boolean
}

/** The containers that run with other amounts than they were promised. */
export function containersToResize(pod: Pod, seen: ObservedPod): readonly ContainerToResize[] {
  return allContainers(podAsAllocated(pod, seen.allocated)).flatMap((container): ContainerToResize[] => {
    const record = recordOf(seen, container.name)
    if (record?.state.is !== 'running') return []
    const { amounts } = record
    if (amounts === undefined || isSameAmounts(amounts, amountsOf(container))) return []
    return [{ container, id: record.state.id, isRestarted: isRestartNeeded(container, amounts) }]
  })
}

/** Whether a running container is to be stopped so that it comes back with the amounts that it was promised. */
export function isStoppedToResize(pod: Pod, seen: ObservedPod, name: string): boolean {
  // Before that the pod's own limits are made large enough for it.
  if (seen.resizing?.step !== 'restarting') return false
  return containersToResize(pod, seen).some(({ container, isRestarted }) => container.name === name && isRestarted)
}

/** What a container asks for of memory is nothing that its process would see. */
function isRestartNeeded({ resizePolicy = [], resources = {} }: Container, now: Amounts): boolean {
  const limits = changedIn(now.limits, resources.limits)
  const changed = [...limits, ...changedIn(now.requests, resources.requests).filter((name) => name === 'cpu')]
  return resizePolicy.some(
    ({ resourceName, restartPolicy }) => restartPolicy === 'RestartContainer' && changed.includes(resourceName),
  )
}
