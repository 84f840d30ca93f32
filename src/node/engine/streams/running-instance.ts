import { Failure } from '../../../failure.ts'
import type { Pod } from '../../../kube/api/pod.ts'
import type { ContainerStreams } from '../../../machine/runtime/container-streams.ts'
import type { Engine } from '../engine.ts'
import type { PodWorld } from '../pod-world.ts'

/** What the streams of pods are made of. */
export interface StreamParts {
  readonly engine: Engine
  readonly runtime: ContainerStreams
}

/**
 * The instance of a container that runs now.
 *
 * @returns the runtime's ID of it.
 * @throws Failure NotFound, in the words of a Kubernetes node
 */
export function runningInstance(
  engine: Engine,
  pod: Pod,
  container: string,
): { readonly world: PodWorld; readonly id: string } {
  const world = engine.world(pod.metadata.uid)
  const state = world?.observations.container(container)?.state
  if (world !== undefined && state?.is === 'running') return { world, id: state.id }
  throw new Failure('NotFound', `container not found (${JSON.stringify(container)})`)
}
