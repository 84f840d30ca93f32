import { Failure } from '../../failure.ts'
import type { StopReason } from '../../kube/lifecycle/pod-action.ts'
import type { PodWorld } from './pod-world.ts'

/** Begins a stop with the preStop hook (H2). */
export function runPreStop(
  world: PodWorld,
  name: string,
  wanted: { readonly graceSeconds: number; readonly because: StopReason },
): Promise<void> {
  const message = `run preStop of "${name}" in pod ${world.name} for ${wanted.because}: hooks are not carried out; remove lifecycle`
  return Promise.reject(new Failure('InternalError', message))
}
