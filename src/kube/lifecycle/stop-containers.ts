import type { Container, Pod } from '../api/pod.ts'
import { isUp, stateOf } from './container-facts.ts'
import { allPlaces, appPlaces, initPlaces } from './container-places.ts'
import type { ContainerPlace } from './container-places.ts'
import type { ObservedPod, ObservedStopping } from './observed-pod.ts'
import type { OwnStopReason } from './own-stop-reason.ts'
import type { PodAction, StopReason } from './pod-action.ts'
import type { PodEnding } from './pod-course.ts'
import { containerNamed } from './restart-rules.ts'

/** Between a container's stop signal and SIGKILL there are at least two seconds (H6), after a late preStop too (H2). */
const MINIMUM_GRACE_MS = 2_000

/** A SIGKILL that shows no effect is sent again: the one on record may never have left a process that died. */
const KILL_AGAIN_MS = 10_000

/**
 * Takes containers down in Kubernetes' order (H6, H7): first everybody's preStop hook; app and init containers get their
 * signal after their own, then the sidecars one by one in reverse order, each after the one that started after it has
 * ended; at the end of the grace period everybody.
 */
export function stopContainers(pod: Pod, seen: ObservedPod, ending: Omit<PodEnding, 'is'>, nowMs: number): PodAction[] {
  return allPlaces(pod).flatMap((place): PodAction[] => {
    const state = stateOf(seen, place.name)
    // One that is starting is stopped as soon as it runs.
    if (state.is !== 'running') return []
    const stop: Stop = {
      container: place.name,
      because: ending.because,
      hasPreStop: containerNamed(pod, place.name)?.lifecycle?.preStop !== undefined,
      endsAtMs: ending.sinceMs + ending.graceSeconds * 1000,
      hasGrace: ending.graceSeconds > 0,
      isItsTurn: isItsTurn(pod, seen, place),
    }
    return nextStopStep(stop, state.stopping, nowMs)
  })
}

/** Begins the stop of one container of a pod that goes on. */
export function beginOwnStop(container: Container, reason: OwnStopReason, nowMs: number): PodAction[] {
  return nextStopStep(ownStop(container, { ...reason, sinceMs: nowMs }), undefined, nowMs)
}

/** Sees such a stop through: its grace period is the one on record. */
export function goOnWithOwnStop(container: Container, stopping: ObservedStopping, nowMs: number): PodAction[] {
  const { because = 'LivenessFailed', sinceMs, graceSeconds } = stopping
  return nextStopStep(ownStop(container, { because, sinceMs, graceSeconds }), stopping, nowMs)
}

/** What one container's stop is to be now. */
interface Stop {
  readonly container: string
  readonly because: StopReason
  readonly hasPreStop: boolean
  /** The end of its grace period; the one on record holds if it is earlier. */
  readonly endsAtMs: number
  /** False: nobody is asked, everybody is killed (H5). */
  readonly hasGrace: boolean
  /** Whether those that have to be gone before it gets its signal are gone. */
  readonly isItsTurn: boolean
}

function ownStop(container: Container, from: OwnStopReason & { readonly sinceMs: number }): Stop {
  return {
    container: container.name,
    because: from.because,
    hasPreStop: container.lifecycle?.preStop !== undefined,
    endsAtMs: from.sinceMs + from.graceSeconds * 1000,
    hasGrace: from.graceSeconds > 0,
    isItsTurn: true,
  }
}

/** PreStop, stop signal, SIGKILL: each when its time has come, and none twice. */
function nextStopStep(stop: Stop, stopping: ObservedStopping | undefined, nowMs: number): PodAction[] {
  const { container, because } = stop
  const killAt = (atMs: number): PodAction[] =>
    nowMs >= atMs ? [{ do: 'kill', container, because }] : [{ do: 'look-again', atMs }]
  if (stopping?.killedAtMs !== undefined) return killAt(stopping.killedAtMs + KILL_AGAIN_MS)
  if (!stop.hasGrace) return killAt(nowMs)
  const endsAtMs = Math.min(stop.endsAtMs, stopping === undefined ? Infinity : recordedEndMs(stopping))
  if (stopping?.terminatedAtMs !== undefined) {
    return killAt(Math.max(endsAtMs, stopping.terminatedAtMs + MINIMUM_GRACE_MS))
  }
  const graceLeftMs = Math.max(MINIMUM_GRACE_MS, endsAtMs - nowMs)
  if (nowMs < endsAtMs) {
    if (stop.hasPreStop && stopping?.preStop === undefined) {
      return [{ do: 'run-pre-stop', container, graceSeconds: wholeSeconds(endsAtMs - nowMs), because }]
    }
    if (!stop.isItsTurn || stopping?.preStop === 'running') return [{ do: 'look-again', atMs: endsAtMs }]
  }
  return [{ do: 'terminate', container, graceSeconds: wholeSeconds(graceLeftMs), because }]
}

/** A grace period that was lowered since the stop began shortens it; one that was raised does not lengthen it. */
function recordedEndMs({ sinceMs, graceSeconds }: ObservedStopping): number {
  return sinceMs + graceSeconds * 1000
}

function wholeSeconds(ms: number): number {
  return Math.ceil(ms / 1000)
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
