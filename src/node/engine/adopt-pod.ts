import { everyContainer, type Pod } from '../../kube/api/pod.ts'
import type {
  ContainerState,
  ObservedContainer,
  ObservedPod,
  ObservedSandbox,
  RunningContainer,
} from '../../kube/lifecycle/observed-pod.ts'
import { afterAgentRestart, legacyOf, runningContainer } from '../../kube/lifecycle/running-container.ts'
import type { ContainerRecord } from '../../machine/runtime/container-runtime.ts'
import { clampInstants } from './clamp-instants.ts'
import { exitedState } from './exited-state.ts'
import type { PodRecord } from './pod-record.ts'

/** What a new engine finds of one pod on the machine. */
export interface FoundOnMachine {
  /** Whether all that the pod's containers share is still there. */
  readonly sandbox: 'whole' | 'not whole'
  /** By runtime ID. */
  readonly containers: ReadonlyMap<string, ContainerRecord>
  /** What containers that have ended left in their termination messages, by runtime ID; '' is the same as none. */
  readonly messages: ReadonlyMap<string, string>
  readonly bootId: string
  readonly nowMs: number
}

/** As Kubernetes tells of a container that vanished. */
export const VANISHED = {
  exitCode: 137,
  reason: 'ContainerStatusUnknown',
  message: 'The container could not be located when peapod started again',
} as const

/**
 * Goes on with a pod after the engine that ran it was stopped or killed, at whatever step (S12): what its record says,
 * corrected by what is on the machine now. What runs keeps its ID, counts and readiness; what has ended meanwhile ended
 * as it truly did; a step that was cut short was never begun; a stop is begun again, with its whole grace period (H5).
 */
export function adoptPod(pod: Pod, record: PodRecord, found: FoundOnMachine): ObservedPod {
  const { seen } = record
  const containers = Object.entries(seen.containers).map(
    ([name, container]) =>
      [name, { ...container, state: adoptState(name, container, { pod, record, found }) }] as const,
  )
  const { resizing } = seen
  const adopted: ObservedPod = {
    ...seen,
    // What of it was done shows in its containers, and may be done twice.
    ...(resizing?.step === 'under-way' && { resizing: { ...resizing, step: 'due' } }),
    sandbox: adoptSandbox(record, found),
    containers: Object.fromEntries(containers),
    adoptedAtMs: found.nowMs,
  }
  return clampInstants(adopted, found.nowMs)
}

/** Half made, half removed or gone with the machine's last run: it is made anew, or removed when the pod is ending. */
function adoptSandbox({ seen, bootId }: PodRecord, found: FoundOnMachine): ObservedSandbox {
  const { sandbox } = seen
  if (sandbox.is === 'absent' || sandbox.is === 'failed') return sandbox
  if (sandbox.is === 'ready' && found.sandbox === 'whole' && bootId === found.bootId) return sandbox
  return { is: 'failed', message: 'the sandbox was not whole when peapod started again', failedAtMs: 0, attempts: 0 }
}

interface Adoption {
  readonly pod: Pod
  readonly record: PodRecord
  readonly found: FoundOnMachine
}

function adoptState(name: string, container: ObservedContainer, adoption: Adoption): ContainerState {
  const { state } = container
  if (state.is === 'running') return adoptRunning(state, adoption)
  return state.is === 'starting' ? adoptStart(name, container, adoption) : state
}

function adoptRunning(running: RunningContainer, { record, found }: Adoption): ContainerState {
  const { id, startedAtMs } = running
  const now = found.containers.get(id)
  if (now?.is === 'exited') return exitedState(now, running, found.messages.get(id) ?? '')
  if (now?.is !== 'running' || record.bootId !== found.bootId) {
    return { is: 'exited', id, ...VANISHED, startedAtMs, finishedAtMs: found.nowMs, ...legacyOf(running) }
  }
  // Whether it is to be stopped is decided again: the signal on record may never have been sent.
  return afterAgentRestart(running)
}

/** Whether its program was let run before the engine ended shows on the machine alone. */
function adoptStart(name: string, container: ObservedContainer, adoption: Adoption): ContainerState {
  const { pod, record, found } = adoption
  const number = `-${container.sandboxAttempt}-${container.restarts}`
  const id = record.instances.find((each) => each.container === name && each.id.endsWith(number))?.id
  const now = id === undefined ? undefined : found.containers.get(id)
  const wanted = everyContainer(pod).find((each) => each.name === name)
  if (now === undefined || wanted === undefined || now.is === 'created' || now.startedAtMs === 0)
    return { is: 'absent' }
  return adoptRunning(runningContainer(wanted, now), adoption)
}
