import { killCgroup } from '../../linux/cgroups.ts'
import { readPlan, readProcesses, writeLostExit } from './container-record.ts'
import { signalProcess } from './process-identity.ts'
import { containerFiles, type RuntimeLayout } from './runtime-layout.ts'

const SIGKILL = 9

/**
 * Makes an end with a container whose conmon was killed: nobody reads its output any more, which blocks it sooner or
 * later, and nobody would see its exit code. What is left of it is killed, so that it can be started again.
 */
export async function settleLost(layout: RuntimeLayout, id: string): Promise<void> {
  const files = containerFiles(layout, id)
  const processes = readProcesses(files)
  const plan = readPlan(files)
  if (processes === undefined) return
  signalProcess(processes.first, SIGKILL)
  if (plan !== undefined) await killCgroup(plan.cgroupPath)
  // It may have been removed meanwhile, and its ID given to another one.
  if (readProcesses(files)?.conmon.startTicks === processes.conmon.startTicks) writeLostExit(files)
}
