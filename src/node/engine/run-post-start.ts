import { Failure } from '../../failure.ts'
import type { PodWorld } from './pod-world.ts'

/** Runs the postStart hook of a container whose process runs (H1). */
export function runPostStart(world: PodWorld, name: string): Promise<void> {
  const message = `run postStart of "${name}" in pod ${world.name}: hooks are not carried out; remove lifecycle`
  return Promise.reject(new Failure('InternalError', message))
}
