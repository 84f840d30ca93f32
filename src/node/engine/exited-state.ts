import type { ExitedContainer, RunningContainer } from '../../kube/lifecycle/observed-pod.ts'
import { legacyOf } from '../../kube/lifecycle/running-container.ts'
import type { ContainerRecord } from '../../machine/runtime/container-runtime.ts'

export type ExitRecord = Extract<ContainerRecord, { is: 'exited' }>

const FIRST_SIGNAL_EXIT_CODE = 128

/** @param message what the container left in its termination message; '' for nothing. */
export function exitedState(exit: ExitRecord, running: RunningContainer, message: string): ExitedContainer {
  const { id, exitCode } = exit
  const { startedAtMs } = running
  return {
    is: 'exited',
    id,
    exitCode,
    reason: reasonOf(exit),
    ...(exitCode > FIRST_SIGNAL_EXIT_CODE && exit.lost !== true ? { signal: exitCode - FIRST_SIGNAL_EXIT_CODE } : {}),
    ...(message === '' ? {} : { message }),
    startedAtMs,
    finishedAtMs: Math.max(exit.finishedAtMs, startedAtMs),
    ...legacyOf(running),
  }
}

function reasonOf({ exitCode, outOfMemory, lost }: ExitRecord): string {
  if (outOfMemory) return 'OOMKilled'
  if (lost === true) return 'ContainerStatusUnknown'
  return exitCode === 0 ? 'Completed' : 'Error'
}
