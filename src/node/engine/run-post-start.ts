import { allContainers } from '../../kube/api/pod.ts'
import { withPostStart } from '../../kube/lifecycle/running-container.ts'
import { instanceEnd } from './hooks/instance-end.ts'
import { runHook } from './hooks/run-hook.ts'
import type { PodWorld } from './pod-world.ts'

/** Runs the postStart hook of a container whose process runs (H1). */
export async function runPostStart(world: PodWorld, name: string, signal: AbortSignal): Promise<void> {
  const { observations } = world
  const container = allContainers(world.pod).find((each) => each.name === name)
  const handler = container?.lifecycle?.postStart
  const state = observations.container(name)?.state
  if (container === undefined || handler === undefined || state?.is !== 'running') return
  observations.setState(name, withPostStart(container, state, 'running'))
  using end = instanceEnd(world, { container: name, id: state.id }, signal)
  const hook = await runHook(world, { container, instance: state.id, handler, signal: end.signal })
  // Its container has ended, or this engine has: the next one runs the hook again.
  const now = observations.container(name)?.state
  if (end.signal.aborted || hook === 'container ended' || now?.is !== 'running') return
  if (hook !== 'done') world.event('Warning', 'FailedPostStartHook', `PostStartHook failed: ${hook.failed}`, name)
  observations.setState(name, withPostStart(container, now, hook))
}
