import { allContainers } from '../api/pod.ts'
import type { Container, Pod, Probe } from '../api/pod.ts'
import { stateOf } from './container-facts.ts'
import type { ObservedPod, ProbeKind, RunningContainer } from './observed-pod.ts'
import { computePodCourse } from './pod-course.ts'
import { inDeletedPod, isHeldByPostStart } from './running-container.ts'

/** A probe that has to be run again and again now. */
export interface DueProbe {
  readonly container: string
  /** The instance that it asks: what it finds says nothing about another one. */
  readonly instance: string
  readonly kind: ProbeKind
  readonly probe: Probe
  /** From when on its initial delay counts: the container's start, or the end of its startup probe (P3). */
  readonly sinceMs: number
}

/**
 * The probes that have to be run now. A startup probe holds back the others until it succeeds (P3); after a failure of
 * startup or liveness that probe waits for a new instance (P4); in a pod that is ending only readiness is asked (P5, P6).
 */
export function probesDue(pod: Pod, seen: ObservedPod, nowMs: number): DueProbe[] {
  const isEnding = computePodCourse(pod, seen, nowMs).is === 'ending'
  return allContainers(pod).flatMap((container) => {
    const state = stateOf(seen, container.name)
    if (state.is !== 'running' || isHeldByPostStart(state)) return []
    const told = pod.metadata.deletionTimestamp === undefined ? state : inDeletedPod(container, state)
    return kindsDue(container, told, isEnding).flatMap((kind): DueProbe[] => {
      const probe = container[`${kind}Probe`]
      if (probe === undefined) return []
      const sinceMs = (kind === 'startup' ? undefined : state.probes?.startup?.sinceMs) ?? state.startedAtMs
      return [{ container: container.name, instance: state.id, kind, probe, sinceMs }]
    })
  })
}

function kindsDue(container: Container, running: RunningContainer, isEnding: boolean): ProbeKind[] {
  const { startup, liveness } = running.probes ?? {}
  if (isEnding) return running.started ? ['readiness'] : []
  if (container.startupProbe !== undefined && startup?.result !== 'success') {
    return startup === undefined ? ['startup'] : []
  }
  return liveness?.result === 'failure' ? ['readiness'] : ['liveness', 'readiness']
}
