import { constants } from 'node:os'
import type { ObservedStopping } from '../../kube/lifecycle/observed-pod.ts'
import type { StopReason } from '../../kube/lifecycle/pod-action.ts'
import { signalNumber } from '../../kube/lifecycle/stop-signal.ts'
import type { PodWorld } from './pod-world.ts'

/** Begins a stop, or goes on with one whose preStop hook is over: the stop signal is on its way when this returns. */
export async function terminateContainer(
  world: PodWorld,
  name: string,
  wanted: { readonly graceSeconds: number; readonly because: StopReason },
): Promise<void> {
  const state = world.observations.container(name)?.state
  if (state?.is !== 'running') return
  const stopping = beginStop(world, name, wanted)
  world.observations.setStopping(name, { ...stopping, terminatedAtMs: world.parts.clock.nowMs() })
  await world.parts.runtime.signal(state.id, signalNumber(world.instances.get(state.id)?.stopSignal ?? 'SIGTERM'))
}

/** Ends every process of the container at once. */
export async function killContainer(world: PodWorld, name: string, because: StopReason): Promise<void> {
  const state = world.observations.container(name)?.state
  if (state?.is !== 'running') return
  const stopping = beginStop(world, name, { graceSeconds: 0, because })
  world.observations.setStopping(name, { ...stopping, killedAtMs: world.parts.clock.nowMs() })
  await world.parts.runtime.signal(state.id, constants.signals.SIGKILL)
}

/** The stop that is on the record; when there is none yet, a new one that is told as an event. */
export function beginStop(
  world: PodWorld,
  name: string,
  { graceSeconds, because }: { readonly graceSeconds: number; readonly because: StopReason },
): ObservedStopping {
  const state = world.observations.container(name)?.state
  if (state?.is === 'running' && state.stopping !== undefined) return state.stopping
  world.event('Normal', 'Killing', stopSentence(name, because), name)
  return { sinceMs: world.parts.clock.nowMs(), graceSeconds, because }
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
    case 'Resized':
      return `Container ${name} resize requires restart`
    case 'PodDeleted':
    case 'PodFinished':
    case 'DeadlineExceeded':
    case 'SandboxChanged':
    case 'InitRestarted':
    case 'AllContainersRestarting':
    case 'Evicted':
    case 'Rejected':
      return `Stopping container ${name}`
  }
}
