import { killCgroup } from '../../linux/cgroups.ts'
import { readPlan, readProcesses } from './container-record.ts'
import { signalProcess } from './process-identity.ts'
import { containerFiles, type RuntimeLayout } from './runtime-layout.ts'

const SIGKILL = 9

/** Sends a signal to the first process, or SIGKILL to all of them. */
export async function signalContainer(layout: RuntimeLayout, id: string, signalNumber: number): Promise<void> {
  const files = containerFiles(layout, id)
  const processes = readProcesses(files)
  const plan = readPlan(files)
  if (processes === undefined || plan === undefined) return
  // The kernel takes the other processes of a PID namespace along with its first one.
  signalProcess(processes.first, signalNumber)
  if (signalNumber === SIGKILL) await killCgroup(plan.cgroupPath)
}
