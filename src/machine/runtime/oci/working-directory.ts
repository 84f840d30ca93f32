import { closeSync, constants, openSync, readFileSync } from 'node:fs'
import { openBeneath } from '../../linux/files.ts'
import { errnoOf } from '../../linux/system-call-failure.ts'

const O_PATH = 0x200000

/**
 * Whether the working directory of a process lies on one of the mounts that it sees. A path through a file descriptor
 * that a runtime left open by mistake does not (CVE-2024-21626): `/proc/self/fd/7` led out to the host.
 */
export function isInsideContainer(pid: number): boolean {
  let fd: number
  try {
    fd = openSync(`/proc/${pid}/cwd`, O_PATH)
  } catch (error) {
    // It was killed meanwhile.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return true
    throw error
  }
  try {
    const mountId = /^mnt_id:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? ''
    const visible = readFileSync(`/proc/${pid}/mountinfo`, 'utf8')
    // Empty: it was killed meanwhile.
    return visible === '' || visible.split('\n').some((line) => line.startsWith(`${mountId} `))
  } finally {
    closeSync(fd)
  }
}

/**
 * Whether the way to a directory of a running container goes through a link of /proc that names a file instead of a path,
 * such as `/proc/self/fd/7`: such a one may lead out of the container. A directory that is not there does not lead out.
 */
export function leadsOutOfContainer(pid: number, path: string): boolean {
  try {
    closeSync(openBeneath(`/proc/${pid}/root`, path, O_PATH | constants.O_DIRECTORY, { escapes: 'clamp' }))
    return false
  } catch (error) {
    // Whatever else is wrong with it, the runtime says when it tries.
    return errnoOf(error) === 'ELOOP'
  }
}
