import { chmodSync, chownSync, mkdirSync, statSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { findInLayers } from '../linux/layered-path.ts'
import { mountOverlay } from '../linux/mount.ts'

/**
 * The anonymous volume for a path that an image declares as one: it begins with what the image has there, and stays
 * writable when the root filesystem is not. Nothing is copied until it is written.
 *
 * @param layerDirs the image's unpacked layers, topmost first.
 * @param path such as `/var/lib/postgresql/data`.
 * @param directory belongs to this volume alone; removed with removeTree.
 * @returns the directory to bind into the container.
 */
export async function makeImageVolume(layerDirs: readonly string[], path: string, directory: string): Promise<string> {
  const content = join(directory, 'content')
  await mkdir(content, { recursive: true })
  const found = findInLayers(layerDirs, path)
  const [topmost] = found?.is === 'directory' ? found.directories : []
  if (found?.is !== 'directory' || topmost === undefined) return content
  const [upperDir, workDir] = [join(directory, 'upper'), join(directory, 'work')]
  mkdirSync(upperDir)
  mkdirSync(workDir)
  // The root of an overlay is as its upper directory is.
  const { uid, gid, mode } = statSync(topmost)
  chownSync(upperDir, uid, gid)
  chmodSync(upperDir, mode & 0o7777)
  mountOverlay(content, { lowerDirs: found.directories, writable: { upperDir, workDir }, volatile: true })
  return content
}
