import { mkdir, mkdtemp } from 'node:fs/promises'
import { join, normalize } from 'node:path'
import { Failure } from '../../failure.ts'
import { quantityToBytes } from '../../kube/api/quantity.ts'
import type { Container, Volume } from '../../kube/api/pod.ts'
import type { Image } from '../../machine/image/image.ts'
import type { MountPlan } from '../../machine/runtime/container-runtime.ts'
import type { HostPathType } from '../../machine/volume/check-host-path.ts'
import { checkHostPath } from '../../machine/volume/check-host-path.ts'
import { makeImageVolume } from '../../machine/volume/make-image-volume.ts'
import { makeEmptyDirectory } from '../../machine/volume/make-empty-directory.ts'
import { openSubPath } from '../../machine/volume/open-sub-path.ts'
import type { PodWorld } from './pod-world.ts'
import { isDataVolume } from './sources/volume-files.ts'

/** Makes the pod's volumes that are not there yet. @returns the host directory (or file) of each, by volume name. */
export async function makeVolumes(world: PodWorld): Promise<ReadonlyMap<string, string>> {
  const volumes = new Map(world.volumes)
  for (const volume of world.pod.spec.volumes ?? []) {
    if (volumes.has(volume.name)) continue
    volumes.set(volume.name, await makeVolume(world, volume, join(world.paths.volumes, volume.name)))
  }
  return volumes
}

async function makeVolume(world: PodWorld, volume: Volume, directory: string): Promise<string> {
  if (isDataVolume(volume)) return world.dataVolumes.make(volume, directory)
  if (volume.hostPath !== undefined) {
    await checkHostPath(volume.hostPath.path, (volume.hostPath.type ?? '') as HostPathType)
    return volume.hostPath.path
  }
  if (volume.emptyDir !== undefined) {
    const { medium, sizeLimit } = volume.emptyDir
    return makeEmptyDirectory(directory, {
      medium: medium === 'Memory' ? 'memory' : 'disk',
      ...(sizeLimit === undefined ? {} : { sizeLimitBytes: quantityToBytes(sizeLimit) }),
    })
  }
  throw new Failure('FailedMount', `make volume "${volume.name}": its type is not carried out`)
}

/**
 * The mounts that a container asks for, each led safely to its place inside its volume.
 *
 * @param staging of the instance: see stagingOf.
 */
export async function makeVolumeMounts(world: PodWorld, container: Container, staging: string): Promise<MountPlan[]> {
  const mounts: MountPlan[] = []
  const data = new Set((world.pod.spec.volumes ?? []).filter(isDataVolume).map(({ name }) => name))
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    const source = world.volumes.get(mount.name)
    if (source === undefined) {
      throw new Failure('CreateContainerConfigError', `mount "${mount.name}" in "${container.name}": no such volume`)
    }
    mounts.push({
      source:
        mount.subPath === undefined || mount.subPath === ''
          ? source
          : await subPathOf(source, mount.subPath, join(staging, `subpath-${index}`)),
      destination: mount.mountPath,
      // What is made of data is for the node alone to write.
      readOnly: mount.readOnly === true || data.has(mount.name),
    })
  }
  return mounts
}

/** The volumes that an image declares, where the manifest mounts nothing: they begin with what the image has there. */
export async function makeImageVolumeMounts(container: Container, image: Image, staging: string): Promise<MountPlan[]> {
  const taken = new Set((container.volumeMounts ?? []).map(({ mountPath }) => normalize(`${mountPath}/`)))
  const paths = image.config.volumes.filter((path) => !taken.has(normalize(`${path}/`)))
  return Promise.all(
    paths.map(async (path): Promise<MountPlan> => {
      const directory = await mkdtemp(join(staging, 'image-volume-'))
      return {
        source: await makeImageVolume(image.layerDirs, path, directory),
        destination: path,
        readOnly: false,
      }
    }),
  )
}

async function subPathOf(source: string, subPath: string, staging: string): Promise<string> {
  await mkdir(staging, { recursive: true })
  return openSubPath(source, subPath, staging)
}
