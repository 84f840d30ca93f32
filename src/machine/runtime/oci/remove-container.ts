import { rmSync } from 'node:fs'
import { killCgroup, removeCgroup } from '../../linux/cgroups.ts'
import { removeTree } from '../../linux/remove-tree.ts'
import { readPlan, readProcesses } from './container-record.ts'
import { killByArgument } from './kill-by-argument.ts'
import type { OciInstance } from './oci-instance.ts'
import { isAlive, signalProcess, waitForEnd } from './process-identity.ts'
import { containerFiles, type RuntimeLayout } from './runtime-layout.ts'

const SIGKILL = 9
/** After the last process of its container, conmon needs this long at worst to write down what it has read. */
const CONMON_LIMIT_MS = 5_000

/** Ends and frees all of a container, at whatever step its making was. The exit of one that ran is reported first. */
export async function removeContainer(instance: OciInstance, id: string): Promise<void> {
  await endContainer(instance.layout, id)
  // Ended, its exit file is whole: it must be seen before it goes.
  instance.exits.look(id)
  await eraseContainer(instance.layout, id)
  instance.exits.forget(id)
}

/** No process of the container is left, nor its conmon. */
export async function endContainer(layout: RuntimeLayout, id: string): Promise<void> {
  const files = containerFiles(layout, id)
  const plan = readPlan(files)
  const processes = readProcesses(files)
  // Without a record of its processes they may be at any step of being made.
  if (processes === undefined) await killByArgument([`--persist-dir=${files.record}`, files.pidFile])
  else signalProcess(processes.first, SIGKILL)
  if (plan !== undefined) await killCgroup(plan.cgroupPath)
  if (processes === undefined || !isAlive(processes.conmon)) return
  if (await waitForEnd(processes.conmon, CONMON_LIMIT_MS)) return
  // A process that was put outside the container's group holds its output open.
  signalProcess(processes.conmon, SIGKILL)
  await waitForEnd(processes.conmon, CONMON_LIMIT_MS)
}

/**
 * What `runc delete` and `crun delete` do to a container without processes, done here: the state directory and the groups
 * go. Spawning them costs 10 ms for nothing (and 100 ms when a process has just been killed).
 */
export async function eraseContainer(layout: RuntimeLayout, id: string): Promise<void> {
  const files = containerFiles(layout, id)
  const plan = readPlan(files)
  if (plan !== undefined) {
    await removeTree(plan.directory)
    await removeCgroup(plan.cgroupPath)
  }
  // runc killed in the middle of its work leaves a mount of itself there.
  await removeTree(files.state)
  // The record goes last: while it is there, whoever comes later finds what is left. Without its processes it counts as
  // unfinished, so that a removal that is cut short between its files is seen through by the next one.
  for (const path of [files.processes, files.exit, files.record]) rmSync(path, { recursive: true, force: true })
}
