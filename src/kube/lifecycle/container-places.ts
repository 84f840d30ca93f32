import { isSidecar } from '../api/pod.ts'
import type { Pod } from '../api/pod.ts'

export type ContainerRole = 'init' | 'sidecar' | 'app' | 'ephemeral'

/** A container's part in its pod. */
export interface ContainerPlace {
  readonly name: string
  readonly role: ContainerRole
}

/** Init containers and sidecars in the order in which they start. */
export function initPlaces(pod: Pod): readonly ContainerPlace[] {
  return (pod.spec.initContainers ?? []).map((init) => ({
    name: init.name,
    role: isSidecar(init) ? 'sidecar' : 'init',
  }))
}

export function appPlaces(pod: Pod): readonly ContainerPlace[] {
  return pod.spec.containers.map(({ name }) => ({ name, role: 'app' }))
}

/** Those that were added to the pod while it was there (C1). */
export function ephemeralPlaces(pod: Pod): readonly ContainerPlace[] {
  return (pod.spec.ephemeralContainers ?? []).map(({ name }) => ({ name, role: 'ephemeral' }))
}

export function allPlaces(pod: Pod): readonly ContainerPlace[] {
  return [...initPlaces(pod), ...appPlaces(pod), ...ephemeralPlaces(pod)]
}
