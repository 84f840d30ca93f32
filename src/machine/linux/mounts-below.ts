import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Failure } from '../../failure.ts'
import { unmount } from './mount.ts'

/** One mount of this process's mount namespace. */
export interface MountEntry {
  readonly mountPoint: string
  readonly filesystem: string
  /** Options of the file system itself, such as the controllers of a cgroup v1 hierarchy. */
  readonly superOptions: readonly string[]
  /** What of the file system is visible there: `/` unless a part of it was bound. */
  readonly root: string
}

/** Every mount that this process sees, in the order in which the kernel lists them. */
export function listMounts(): MountEntry[] {
  return parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8'))
}

/** @see proc_pid_mountinfo(5) */
export function parseMountinfo(text: string): MountEntry[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [left = '', right = ''] = line.split(' - ')
      const fields = left.split(' ')
      const [filesystem = '', , superOptions = ''] = right.split(' ')
      return {
        mountPoint: unescapeOctal(fields[4] ?? ''),
        filesystem,
        superOptions: superOptions.split(','),
        root: unescapeOctal(fields[3] ?? ''),
      }
    })
}

/** Mount points at and below a path, the last one mounted first. Symbolic links on the way to it are followed. */
export function mountsBelow(directory: string): string[] {
  const parent = dirname(directory)
  if (!existsSync(parent)) return []
  const path = join(realpathSync(parent), basename(directory))
  return listMounts()
    .map((mount) => mount.mountPoint)
    .filter((mountPoint) => mountPoint === path || mountPoint.startsWith(`${path}/`))
    .reverse()
}

/** Unmounts everything at and below a path, also what is in use. */
export function unmountBelow(directory: string): void {
  let left = mountsBelow(directory)
  while (left.length > 0) {
    for (const mountPoint of left) unmount(mountPoint, { detach: true })
    // A path may be mounted over several times, and what was hidden below comes to light: ask again until none is left.
    const still = mountsBelow(directory)
    if (still.length >= left.length) {
      throw new Failure('SystemCallFailed', `unmount "${still[0] ?? directory}": the kernel keeps it mounted`)
    }
    left = still
  }
}

function unescapeOctal(text: string): string {
  if (!text.includes('\\')) return text
  const bytes = Buffer.from(text, 'utf8').toString('latin1')
  const plain = bytes.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)))
  return Buffer.from(plain, 'latin1').toString('utf8')
}
