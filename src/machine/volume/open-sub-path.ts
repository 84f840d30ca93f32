import { closeSync, constants as fsConstants, fchmodSync, fstatSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { Failure, messageOf } from '../../failure.ts'
import { openBeneath } from '../linux/files.ts'
import { bindMount } from '../linux/mount.ts'
import { removeTree } from '../linux/remove-tree.ts'
import { errnoOf } from '../linux/system-call-failure.ts'

const O_PATH = 0x200000
/** Several containers of a pod may make (and swap) the same directories at the same time. */
const ATTEMPTS = 10

/**
 * Gives a place inside a volume a path of its own, which nobody can lead elsewhere afterwards: what was found is held open
 * and bound by its descriptor. A container that swaps directories for symbolic links meanwhile gets a refusal at most.
 * Missing directories are made, with the mode of the volume, as Kubernetes does.
 *
 * @param volumeDirectory a directory, which is trusted; what is in it is not.
 * @param stagingDirectory belongs to this mount alone; whoever removes it (removeTree) ends the bind.
 * @returns the path to bind into the container.
 * @throws Failure CreateContainerConfigError when the path leads out of the volume or can't be made.
 */
export async function openSubPath(volumeDirectory: string, subPath: string, stagingDirectory: string): Promise<string> {
  refuseWrongPath(subPath)
  await mkdir(stagingDirectory, { recursive: true })
  const staged = join(stagingDirectory, 'subpath')
  // Of an attempt that failed later on.
  await removeTree(staged)
  try {
    const found = openOrMake(volumeDirectory, subPath)
    try {
      bindTo(staged, found)
    } finally {
      closeSync(found)
    }
  } catch (error) {
    throw explained(error, volumeDirectory, subPath)
  }
  return staged
}

function bindTo(staged: string, found: number): void {
  if (fstatSync(found).isDirectory()) mkdirSync(staged)
  else writeFileSync(staged, '')
  bindMount(`/proc/self/fd/${found}`, staged)
}

function refuseWrongPath(subPath: string): void {
  if (!isAbsolute(subPath) && !subPath.split('/').includes('..')) return
  throw new Failure('CreateContainerConfigError', `mount subPath "${subPath}": must be relative and without ".."`)
}

function openOrMake(volumeDirectory: string, subPath: string): number {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return openBeneath(volumeDirectory, subPath, O_PATH)
    } catch (error) {
      if (attempt === ATTEMPTS) throw error
      if (errnoOf(error) === 'ENOENT') makeDirectories(volumeDirectory, subPath)
      // EAGAIN: something was renamed during a step upwards, so that the kernel can't tell whether it stayed inside.
      else if (errnoOf(error) !== 'EAGAIN') throw error
    }
  }
}

function makeDirectories(volumeDirectory: string, subPath: string): void {
  const names = subPath.split('/').filter((name) => name !== '' && name !== '.')
  const mode = statSync(volumeDirectory).mode & 0o7777
  for (const [depth, name] of names.entries()) {
    const parent = openBeneath(volumeDirectory, names.slice(0, depth).join('/'), fsConstants.O_DIRECTORY)
    try {
      makeDirectory(parent, name, mode)
    } finally {
      closeSync(parent)
    }
  }
}

function makeDirectory(parent: number, name: string, mode: number): void {
  const inParent = `/proc/self/fd/${parent}`
  try {
    // mkdir follows no link in the last name: the new directory is in the one that is held open.
    mkdirSync(join(inParent, name))
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return
    throw error
  }
  // The umask had its say. By descriptor, for by now it may be something else.
  const made = openBeneath(inParent, name, fsConstants.O_DIRECTORY | fsConstants.O_NOFOLLOW)
  try {
    fchmodSync(made, mode)
  } finally {
    closeSync(made)
  }
}

function explained(error: unknown, volumeDirectory: string, subPath: string): Failure {
  const tried = `mount subPath "${subPath}" of the volume at "${volumeDirectory}"`
  const why: Readonly<Record<string, string>> = {
    EXDEV: 'a symbolic link in it leads out of the volume',
    ELOOP: 'it has too many symbolic links, or one that is not allowed',
    ENOENT: 'a symbolic link in it leads nowhere, or it was removed again and again while it was made',
    ENOTDIR: 'a file is in the place of one of its directories',
  }
  const answer = why[errnoOf(error) ?? ''] ?? messageOf(error)
  return new Failure('CreateContainerConfigError', `${tried}: ${answer}`, { cause: error })
}
