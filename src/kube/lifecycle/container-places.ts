import { isSidecar } from '../api/pod.ts'
import type { Pod } from '../api/pod.ts'
import type { ExitedContainer } from './observed-pod.ts'

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

/**
 * Whether the rules start a container again after this exit, as long as its pod goes on (R1, S3, S6). Init containers
 * know no Always: one that succeeded is done.
 */
export function isRestartedAfter(pod: Pod, role: ContainerRole, exit: ExitedContainer): boolean {
  if (role === 'sidecar') return true
  const policy = pod.spec.restartPolicy
  if (policy === 'Never') return false
  return exit.exitCode !== 0 || (policy === 'Always' && role === 'app')
}
