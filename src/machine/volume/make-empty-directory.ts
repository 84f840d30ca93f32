import { chmod, mkdir } from 'node:fs/promises'
import { mountTmpfs } from '../linux/mount.ts'
import { mountsBelow } from '../linux/mounts-below.ts'

export interface EmptyDirectoryOptions {
  /** `memory`: a tmpfs, whose content counts as memory of the containers that write it. */
  readonly medium: 'disk' | 'memory'
  /** Of a tmpfs, enforced by the kernel; without it, half of the machine's memory. On disk nobody enforces it yet. */
  readonly sizeLimitBytes?: number
}

/** Everybody may do everything in it, as Kubernetes has it (Q7). */
const MODE = 0o777

/** Makes an emptyDir; one that is there already stays as it is, with its content. @returns the directory. */
export async function makeEmptyDirectory(directory: string, options: EmptyDirectoryOptions): Promise<string> {
  const made = await mkdir(directory, { recursive: true })
  if (options.medium === 'disk') {
    // The umask has its say in mkdir. A directory from an earlier start may have been given another mode by its pod.
    if (made !== undefined) await chmod(directory, MODE)
    return directory
  }
  if (mountsBelow(directory).includes(directory)) return directory
  const { sizeLimitBytes } = options
  mountTmpfs(directory, {
    mode: MODE,
    executable: true,
    ...(sizeLimitBytes === undefined ? {} : { sizeBytes: sizeLimitBytes }),
  })
  return directory
}
