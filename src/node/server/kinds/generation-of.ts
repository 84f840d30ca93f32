import { isDeepStrictEqual } from 'node:util'
import type { Pod, PodSpec } from '../../../kube/api/pod.ts'

/** Counts what is wished of a pod: one more than before when this is another wish (C3). */
export function generationOf(spec: PodSpec, current: Pod): number {
  return (current.metadata.generation ?? 0) + (isDeepStrictEqual(spec, current.spec) ? 0 : 1)
}
