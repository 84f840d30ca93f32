import type { Stats } from 'node:fs'
import { mkdir, open, stat } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { Failure, messageOf } from '../../failure.ts'

/** Kubernetes' `hostPath.type`. */
export type HostPathType =
  '' | 'DirectoryOrCreate' | 'Directory' | 'FileOrCreate' | 'File' | 'Socket' | 'CharDevice' | 'BlockDevice'

type Check = readonly [words: string, holds: (stats: Stats) => boolean]

const IS_DIRECTORY: Check = ['a directory', (stats) => stats.isDirectory()]
const IS_FILE: Check = ['a file', (stats) => stats.isFile()]
const CHECKS: Readonly<Record<Exclude<HostPathType, ''>, Check>> = {
  DirectoryOrCreate: IS_DIRECTORY,
  Directory: IS_DIRECTORY,
  FileOrCreate: IS_FILE,
  File: IS_FILE,
  Socket: ['a socket file', (stats) => stats.isSocket()],
  CharDevice: ['a character device', (stats) => stats.isCharacterDevice()],
  BlockDevice: ['a block device', (stats) => stats.isBlockDevice()],
}

/**
 * Checks that a path of the host is what the manifest says, and makes what may be made. Without a type anything will do,
 * and a missing path becomes a directory, as containerd has it.
 *
 * @throws Failure FailedMount, in Kubernetes' words.
 */
export async function checkHostPath(path: string, type: HostPathType): Promise<void> {
  if (!isAbsolute(path)) throw new Failure('FailedMount', `mount hostPath "${path}": not an absolute path`)
  try {
    await makeMissing(path, type)
    if (type === '') return
    const [words, holds] = CHECKS[type]
    const stats = await statOf(path)
    if (stats !== undefined && holds(stats)) return
    throw new Failure('FailedMount', `hostPath type check failed: ${path} is not ${words}`)
  } catch (error) {
    if (error instanceof Failure) throw error
    throw new Failure('FailedMount', `mount hostPath "${path}": ${messageOf(error)}`, { cause: error })
  }
}

async function makeMissing(path: string, type: HostPathType): Promise<void> {
  const makesDirectory = type === '' || type === 'DirectoryOrCreate'
  if (!makesDirectory && type !== 'FileOrCreate') return
  if ((await statOf(path)) !== undefined) return
  if (makesDirectory) {
    await mkdir(path, { recursive: true, mode: 0o755 })
    return
  }
  // 'a': somebody else may make it at the same time. Its parent is not made: Kubernetes does not either.
  const file = await open(path, 'a', 0o644)
  await file.close()
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
