import type { PodWorld } from '../pod-world.ts'

/** Aborts when an instance of a container does not run any more, or when the engine stops. */
export interface InstanceEnd extends Disposable {
  readonly signal: AbortSignal
}

export function instanceEnd(
  world: PodWorld,
  instance: { readonly container: string; readonly id: string },
  stopping: AbortSignal,
): InstanceEnd {
  const ended = new AbortController()
  const look = (): void => {
    const state = world.observations.container(instance.container)?.state
    if (state?.is !== 'running' || state.id !== instance.id) ended.abort()
  }
  const stopListening = world.onChange(look)
  look()
  return { signal: AbortSignal.any([ended.signal, stopping]), [Symbol.dispose]: stopListening }
}
