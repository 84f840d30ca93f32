import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { Failure } from '../../failure.ts'
import type { Container, EphemeralContainer } from '../../kube/api/pod.ts'
import { amountsOf } from '../../kube/lifecycle/allocation.ts'
import { effectiveStopSignal } from '../../kube/lifecycle/stop-signal.ts'
import type { Image } from '../../machine/image/image.ts'
import type { ProcessPlan } from '../../machine/runtime/container-runtime.ts'
import { resolveUser } from '../../machine/runtime/resolve-user.ts'
import { buildContainerPlan } from './container-plan.ts'
import { environmentOf } from './environment/environment-of.ts'
import { noteImageInUse } from './images-in-use.ts'
import { makeImageVolumeMounts, makeVolumeMounts } from './make-volumes.ts'
import { openTargetProcesses } from './open-target-processes.ts'
import { containerDirectory, containerId, logFileOf, stagingOf } from './pod-paths.ts'
import type { Instance } from './pod-record.ts'
import type { PodWorld } from './pod-world.ts'
import { hostnameOf, podCgroupPath } from './sandbox-plan.ts'

/** Which instance of a container: its sandbox and how often it was started before. */
export interface InstanceNumber {
  readonly sandboxAttempt: number
  readonly restarts: number
  readonly crashes: number
}

/** Makes one instance of a container, not started. What fails leaves nothing behind that `remove` would not find. */
export async function makeContainer(
  world: PodWorld,
  container: EphemeralContainer,
  image: Image,
  options: { readonly number: InstanceNumber; readonly signal: AbortSignal },
): Promise<Instance> {
  const { sandbox, promised: pod } = world
  if (sandbox === undefined) throw new Failure('CreateContainerError', `create "${container.name}": no sandbox`)
  const name = `${options.number.sandboxAttempt}-${options.number.restarts}`
  const id = containerId(pod.metadata.uid, container.name, name)
  const directory = containerDirectory(world.paths, container.name, name)
  const logFile = logFileOf(world.paths.logs, container.name, options.number.restarts)
  const staging = stagingOf(world.paths, container.name, name)
  const terminationMessageFile = join(staging, 'termination-log')
  await Promise.all([
    mkdir(directory, { recursive: true }),
    mkdir(dirname(logFile), { recursive: true }),
    mkdir(staging, { recursive: true }),
    holdImage(world, container, image),
  ])
  // An attempt that was cut short before its program ran may have left words of the runtime's own.
  await rm(logFile, { force: true })
  await writeFile(terminationMessageFile, '')
  // Any user of the container may write it; the umask would take that away.
  await chmod(terminationMessageFile, 0o666)
  const user = userOf(world, container, image)
  const instance: Instance = {
    id,
    container: container.name,
    logFile,
    terminationMessageFile,
    stopSignal: effectiveStopSignal(container, image.config.stopSignal),
    image: { name: image.names[0] ?? container.image, id: image.id },
    amounts: amountsOf(container),
    user: { uid: user.uid, gid: user.gid, supplementalGroups: [...new Set([user.gid, ...user.additionalGids])] },
  }
  using target = await openTargetProcesses(world, container)
  const plan = buildContainerPlan(pod, container, {
    id,
    directory,
    logFile,
    terminationMessageFile,
    image,
    sandbox,
    hostname: hostnameOf(pod, hostname()),
    declared: await environmentOf(world, pod, container),
    podCgroupPath: podCgroupPath(pod.metadata.uid),
    volumeMounts: [
      ...(await makeImageVolumeMounts(container, image, staging)),
      ...(await makeVolumeMounts(world, container, staging)),
    ],
    user,
    machine: world.parts.machine,
    ...(target === undefined ? {} : { processes: target.namespace }),
  })
  world.instances.set(id, instance)
  await world.parts.runtime.create(plan, options.signal)
  return instance
}

/** In this order: from the note on nobody removes it, and who did before is found out by looking. */
async function holdImage(world: PodWorld, { image: reference }: Container, { id }: Image): Promise<void> {
  await noteImageInUse(world.paths, id)
  if ((await world.parts.images.use(id)) !== undefined) return
  throw new Failure('ErrImagePull', `image "${reference}" was removed from this machine while its container was made`)
}

function userOf(world: PodWorld, container: Container, image: Image): ProcessPlan['user'] {
  const inPod = world.pod.spec.securityContext
  const inContainer = container.securityContext
  const uid = inContainer?.runAsUser ?? inPod?.runAsUser
  const gid = inContainer?.runAsGroup ?? inPod?.runAsGroup
  const user = resolveUser(image.layerDirs, uid === undefined ? image.config.user : String(uid))
  if ((inContainer?.runAsNonRoot ?? inPod?.runAsNonRoot) === true && user.uid === 0) {
    throw new Failure(
      'CreateContainerConfigError',
      `container "${container.name}" has runAsNonRoot and would run as root: set runAsUser to another user than 0`,
    )
  }
  return {
    uid: user.uid,
    gid: gid ?? user.gid,
    additionalGids: [...new Set([...user.additionalGids, ...(inPod?.supplementalGroups ?? [])])],
  }
}
