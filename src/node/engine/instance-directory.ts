import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '../../failure.ts'
import { tryLockFile } from '../../machine/linux/lock-file.ts'
import { removeTree } from '../../machine/linux/remove-tree.ts'
import { removeLeftovers } from '../../machine/runtime/oci/remove-leftovers.ts'
import type { SandboxMaker } from './engine-parts.ts'

/** A folder of its own for one running server, locked for as long as its process lives. */
export interface InstanceDirectory {
  readonly directory: string
  /** Removes the folder. The caller has taken everything in it down. */
  remove(): Promise<void>
}

/** A new folder is made under this name first, so that nobody sees it without its lock. */
const UNFINISHED = '.new-'
const UNFINISHED_IS_DEAD_AFTER_MS = 60_000
const SHORT_LIVED = 'run-'

/** The folder of a server that lives as long as one command. */
export async function makeInstanceDirectory(stateDirectory: string): Promise<InstanceDirectory> {
  const instances = join(stateDirectory, 'instances')
  const name = randomBytes(4).toString('hex')
  const unfinished = join(instances, UNFINISHED + name)
  await mkdir(unfinished, { recursive: true, mode: 0o711 })
  const lock = await tryLockFile(join(unfinished, 'lock'))
  if (lock === undefined) throw new Failure('StateLocked', `lock "${unfinished}": another process holds it`)
  const directory = join(instances, SHORT_LIVED + name)
  await rename(unfinished, directory)
  return {
    directory,
    async remove() {
      await removeTree(directory)
      lock.release()
    },
  }
}

/**
 * Takes down what commands left behind that were killed: their containers, sandboxes and folders. The folders of live
 * processes are locked and stay.
 *
 * @returns how many were removed.
 */
export async function removeDeadInstances(stateDirectory: string, sandboxes: SandboxMaker): Promise<number> {
  const instances = join(stateDirectory, 'instances')
  const names = await readdir(instances).catch(() => [])
  let removed = 0
  for (const name of names) {
    const directory = join(instances, name)
    if (!name.startsWith(SHORT_LIVED) && !(await isAbandoned(directory, name))) continue
    const lock = await tryLockFile(join(directory, 'lock')).catch(() => undefined)
    if (lock === undefined) continue
    try {
      await removeInstance(directory, sandboxes)
      removed += 1
    } finally {
      lock.release()
    }
  }
  return removed
}

async function isAbandoned(directory: string, name: string): Promise<boolean> {
  if (!name.startsWith(UNFINISHED)) return false
  const made = await stat(directory).catch(() => undefined)
  return made !== undefined && Date.now() - made.mtimeMs > UNFINISHED_IS_DEAD_AFTER_MS
}

async function removeInstance(directory: string, sandboxes: SandboxMaker): Promise<void> {
  await removeLeftovers(directory)
  const pods = join(directory, 'pods')
  for (const uid of await readdir(pods).catch(() => [])) {
    await sandboxes.remove({
      id: uid,
      directory: join(pods, uid, 'sandbox'),
      cgroupPath: `/peapod/pod${uid}`,
      network: 'pod',
    })
  }
  await removeTree(directory)
}
