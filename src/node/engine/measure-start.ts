import type { Pod } from '../../kube/api/pod.ts'
import type { ObservedPod } from '../../kube/lifecycle/observed-pod.ts'
import type { PodWorld } from './pod-world.ts'

/** Tells once how long the pod took to start. One that was begun under an earlier engine is not told of. */
export function measureStart(world: PodWorld): void {
  const { metrics } = world.parts
  if (metrics === undefined || world.observations.seen.adoptedAtMs !== undefined) return
  const stop = world.onChange(() => {
    const seconds = podStartSeconds(world.pod, world.observations.seen)
    if (seconds === undefined) return
    stop()
    metrics.podStarted(seconds)
  })
}

/** From when the node took the pod in until the last of its app containers had begun; undefined while one has not. */
export function podStartSeconds({ spec }: Pod, { containers, acceptedAtMs }: ObservedPod): number | undefined {
  let lastAtMs = acceptedAtMs
  for (const { name } of spec.containers) {
    const state = containers[name]?.state
    if (state?.is !== 'running' && state?.is !== 'exited') return undefined
    // A program that could not be run has ended without a beginning.
    if (state.startedAtMs === 0) return undefined
    lastAtMs = Math.max(lastAtMs, state.startedAtMs)
  }
  return (lastAtMs - acceptedAtMs) / 1000
}
