import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PodPaths } from './pod-paths.ts'

/**
 * Notes on disk that a pod's containers stand on an image, for as long as the pod has a folder: other processes share the
 * image store and must not take its layers away.
 *
 * @param imageId `sha256:…`
 */
export async function noteImageInUse(paths: PodPaths, imageId: string): Promise<void> {
  await mkdir(paths.images, { recursive: true })
  await writeFile(join(paths.images, imageId), '')
}

/** IDs of the images that pods of any server on this state directory stand on. */
export async function imagesInUse(stateDirectory: string): Promise<ReadonlySet<string>> {
  const instances = join(stateDirectory, 'instances')
  const folders = await Promise.all((await namesIn(instances)).map((name) => podFolders(join(instances, name, 'pods'))))
  const images = await Promise.all(folders.flat().map((folder) => namesIn(join(folder, 'images'))))
  return new Set(images.flat())
}

async function podFolders(pods: string): Promise<string[]> {
  return (await namesIn(pods)).map((uid) => join(pods, uid))
}

/** Folders come and go while they are read: one that is gone holds nothing. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return []
    throw error
  }
}
