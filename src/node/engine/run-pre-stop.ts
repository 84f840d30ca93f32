import { allContainers } from '../../kube/api/pod.ts'
import type { StopReason } from '../../kube/lifecycle/pod-action.ts'
import { instanceEnd } from './hooks/instance-end.ts'
import { runHook } from './hooks/run-hook.ts'
import type { PodWorld } from './pod-world.ts'
import { beginStop } from './stop-container.ts'

/**
 * Begins a stop with the preStop hook (H2). One that goes on beyond the grace period ends with its container: nobody waits
 * for it.
 */
export async function runPreStop(
  world: PodWorld,
  name: string,
  wanted: { readonly graceSeconds: number; readonly because: StopReason; readonly signal: AbortSignal },
): Promise<void> {
  const { observations } = world
  const container = allContainers(world.pod).find((each) => each.name === name)
  const handler = container?.lifecycle?.preStop
  const state = observations.container(name)?.state
  if (container === undefined || handler === undefined || state?.is !== 'running') return
  observations.setStopping(name, { ...beginStop(world, name, wanted), preStop: 'running' })
  using end = instanceEnd(world, { container: name, id: state.id }, wanted.signal)
  const hook = await runHook(world, { container, instance: state.id, handler, signal: end.signal })
  const now = observations.container(name)?.state
  if (end.signal.aborted || hook === 'container ended') return
  if (now?.is !== 'running' || now.stopping === undefined) return
  if (hook !== 'done') world.event('Warning', 'FailedPreStopHook', `PreStopHook failed: ${hook.failed}`, name)
  observations.setStopping(name, { ...now.stopping, preStop: 'done' })
}
