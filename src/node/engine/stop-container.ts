import { constants } from 'node:os'
import type { StopReason } from '../../kube/lifecycle/pod-action.ts'
import type { PodWorld } from './pod-world.ts'

/** Begins a stop, or goes on with one whose preStop hook is over: the stop signal is on its way when this returns. */
export async function terminateContainer(
  world: PodWorld,
  name: string,
  wanted: { readonly graceSeconds: number; readonly because: StopReason },
): Promise<void> {
  const state = world.observations.container(name)?.state
  if (state?.is !== 'running') return
  if (state.stopping === undefined) world.event('Normal', 'Killing', stopSentence(name, wanted.because), name)
  const nowMs = world.parts.clock.nowMs()
  const begun = state.stopping ?? { sinceMs: nowMs, graceSeconds: wanted.graceSeconds, because: wanted.because }
  world.observations.setStopping(name, { ...begun, terminatedAtMs: nowMs })
  await world.parts.runtime.signal(state.id, world.instances.get(state.id)?.stopSignal ?? constants.signals.SIGTERM)
}

/** Ends every process of the container at once. */
export async function killContainer(world: PodWorld, name: string, because: StopReason): Promise<void> {
  const state = world.observations.container(name)?.state
  if (state?.is !== 'running') return
  if (state.stopping === undefined) world.event('Normal', 'Killing', stopSentence(name, because), name)
  const nowMs = world.parts.clock.nowMs()
  world.observations.setStopping(name, {
    ...(state.stopping ?? { sinceMs: nowMs, graceSeconds: 0, because }),
    killedAtMs: nowMs,
  })
  await world.parts.runtime.signal(state.id, constants.signals.SIGKILL)
}

function stopSentence(name: string, because: StopReason): string {
  switch (because) {
    case 'LivenessFailed':
      return `Container ${name} failed liveness probe, will be restarted`
    case 'StartupFailed':
      return `Container ${name} failed startup probe, will be restarted`
    case 'PostStartFailed':
      return 'FailedPostStartHook'
    case 'ImageChanged':
      return `Container ${name} definition changed, will be restarted`
    case 'PodDeleted':
    case 'PodFinished':
    case 'DeadlineExceeded':
    case 'SandboxChanged':
    case 'InitRestarted':
    case 'AllContainersRestarting':
    case 'Evicted':
      return `Stopping container ${name}`
  }
}
