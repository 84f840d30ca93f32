import type { Pod } from '../api/pod.ts'
import { isUp, stateOf } from './container-facts.ts'
import { allPlaces, appPlaces, initPlaces } from './container-places.ts'
import type { ContainerPlace } from './container-places.ts'
import type { ObservedPod, ObservedStopping } from './observed-pod.ts'
import type { PodAction, StopReason } from './pod-action.ts'
import type { PodEnding } from './pod-course.ts'

/** Between a container's stop signal and SIGKILL there are at least two seconds (H6). */
const MINIMUM_GRACE_MS = 2_000

/** A SIGKILL that shows no effect is sent again: the one on record may never have left a process that died. */
const KILL_AGAIN_MS = 10_000

/**
 * Takes containers down in Kubernetes' order (H6, H7): app and init containers together, then the sidecars one by one
 * in reverse order, each after the one that started after it has ended; at the end of the grace period everybody.
 */
export function stopContainers(pod: Pod, seen: ObservedPod, ending: PodEnding, nowMs: number): PodAction[] {
  return allPlaces(pod).flatMap((place): PodAction[] => {
    const state = stateOf(seen, place.name)
    // One that is starting is stopped as soon as it runs.
    if (state.is !== 'running') return []
    const { name: container } = place
    const { because, graceSeconds } = ending
    const endsAtMs = ending.sinceMs + graceSeconds * 1000
    if (state.stopping !== undefined) {
      return finishStop({ container, because }, killAtMs(state.stopping, ending), state.stopping, nowMs)
    }
    if (graceSeconds === 0) return [{ do: 'kill', container, because }]
    if (nowMs < endsAtMs && !isItsTurn(pod, seen, place)) return [{ do: 'look-again', atMs: endsAtMs }]
    const graceLeftMs = Math.max(MINIMUM_GRACE_MS, endsAtMs - nowMs)
    return [{ do: 'terminate', container, graceSeconds: Math.ceil(graceLeftMs / 1000), because }]
  })
}

/** Sees a stop through that concerns one container of a pod that goes on: its grace period is the one on record. */
export function finishOwnStop(container: string, stopping: ObservedStopping, nowMs: number): PodAction[] {
  const because = stopping.because ?? 'LivenessFailed'
  return finishStop({ container, because }, recordedEndMs(stopping), stopping, nowMs)
}

type Target = { readonly container: string; readonly because: StopReason }

function finishStop(target: Target, killAtMs: number, stopping: ObservedStopping, nowMs: number): PodAction[] {
  const dueAtMs = stopping.killedAtMs === undefined ? killAtMs : stopping.killedAtMs + KILL_AGAIN_MS
  return nowMs >= dueAtMs ? [{ do: 'kill', ...target }] : [{ do: 'look-again', atMs: dueAtMs }]
}

/** A grace period that was lowered since the stop began shortens it; one that was raised does not lengthen it. */
function killAtMs(stopping: ObservedStopping, { sinceMs, graceSeconds }: PodEnding): number {
  if (graceSeconds === 0) return sinceMs
  const signalledAtMs = stopping.terminatedAtMs ?? stopping.sinceMs
  return Math.min(recordedEndMs(stopping), Math.max(sinceMs + graceSeconds * 1000, signalledAtMs + MINIMUM_GRACE_MS))
}

function recordedEndMs(stopping: ObservedStopping): number {
  return stopping.sinceMs + stopping.graceSeconds * 1000
}

function isItsTurn(pod: Pod, seen: ObservedPod, { name, role }: ContainerPlace): boolean {
  if (role !== 'sidecar') return true
  const inits = initPlaces(pod)
  const laterSidecars = inits.slice(inits.findIndex((init) => init.name === name) + 1).filter(isSidecarPlace)
  return [...appPlaces(pod), ...laterSidecars].every((other) => !isUp(seen, other.name))
}

function isSidecarPlace({ role }: ContainerPlace): boolean {
  return role === 'sidecar'
}
