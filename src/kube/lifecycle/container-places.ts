import { isSidecar } from '../api/pod.ts'
import type { Pod } from '../api/pod.ts'

export type ContainerRole = 'init' | 'sidecar' | 'app'

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

export function allPlaces(pod: Pod): readonly ContainerPlace[] {
  return [...initPlaces(pod), ...appPlaces(pod)]
}
