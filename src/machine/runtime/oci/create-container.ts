import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { Failure, messageOf } from '../../../failure.ts'
import { mountOverlay } from '../../linux/mount.ts'
import type { ContainerPlan } from '../container-runtime.ts'
import { writePlan } from './container-record.ts'
import { launchContainer } from './launch-container.ts'
import { buildOciConfig } from './oci-config.ts'
import type { OciInstance } from './oci-instance.ts'
import { removeContainer } from './remove-container.ts'
import { containerFiles } from './runtime-layout.ts'

/** Makes a container whose first process waits for its start. What fails leaves nothing behind. */
export async function createContainer(instance: OciInstance, plan: ContainerPlan, signal: AbortSignal): Promise<void> {
  refuseWrongPlan(plan)
  refuseAborted(plan, signal)
  const files = containerFiles(instance.layout, plan.id)
  writePlan(files, plan)
  try {
    makeRootfs(plan)
    // The environment may hold secrets.
    writeFileSync(join(plan.directory, 'config.json'), JSON.stringify(buildOciConfig(plan, instance.machine)), {
      mode: 0o600,
    })
    await launchContainer(instance, plan, signal)
    refuseAborted(plan, signal)
  } catch (error) {
    await removeContainer(instance, plan.id)
    refuseAborted(plan, signal)
    if (error instanceof Failure) throw error
    throw new Failure('CreateContainerError', `create container "${plan.id}": ${messageOf(error)}`, { cause: error })
  }
}

function makeRootfs(plan: ContainerPlan): void {
  const rootfs = join(plan.directory, 'rootfs')
  const upperDir = join(plan.directory, 'upper')
  const workDir = join(plan.directory, 'work')
  for (const directory of [rootfs, upperDir, workDir]) mkdirSync(directory)
  // The root of an overlay has the mode of its upper directory, and the umask had its say.
  chmodSync(upperDir, 0o755)
  // Read-only roots have a writable layer too: the places to mount at may be missing in the image.
  mountOverlay(rootfs, { lowerDirs: plan.rootfs.lowerDirs, writable: { upperDir, workDir }, volatile: true })
}

function refuseWrongPlan(plan: ContainerPlan): void {
  const wrong = wrongIn(plan)
  if (wrong !== undefined) throw new Failure('CreateContainerError', `create container "${plan.id}": ${wrong}`)
}

function wrongIn(plan: ContainerPlan): string | undefined {
  if (!/^[A-Za-z0-9][\w.-]{0,63}$/.test(plan.id)) return 'an ID is 1 to 64 letters, digits, "_", "-" and "."'
  if ((plan.process.args[0] ?? '') === '') return 'no program to run; set command, or use an image with an entrypoint'
  if (!isAbsolute(plan.process.workingDir)) {
    return `the working directory "${plan.process.workingDir}" is not an absolute path; begin it with "/"`
  }
  const relative = plan.mounts.find((mount) => !isAbsolute(mount.destination))
  if (relative !== undefined) return `mount at "${relative.destination}": not an absolute path; begin it with "/"`
  return undefined
}

function refuseAborted(plan: ContainerPlan, signal: AbortSignal): void {
  if (!signal.aborted) return
  throw new Failure('Interrupted', `create container "${plan.id}": stopped before its end`, { cause: signal.reason })
}
