import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Failure } from '../../failure.ts'
import { type HeldLock, tryLockFile } from '../../machine/linux/lock-file.ts'
import { removeTree } from '../../machine/linux/remove-tree.ts'
import { removeLeftovers } from '../../machine/runtime/oci/remove-leftovers.ts'
import type { SandboxMaker } from './engine-parts.ts'
import { podCgroupPath } from './sandbox-plan.ts'

/** A folder of its own for one running server, locked for as long as its process lives. */
export interface InstanceDirectory {
  readonly directory: string
  /** Removes the folder. The caller has taken everything in it down. */
  remove(): Promise<void>
}

/** The one folder of a state directory that outlives its server, locked while there is one. */
interface ServerDirectory {
  readonly directory: string
  release(): void
}

/** A new folder is made under this name first, so that nobody sees it without its lock. */
const UNFINISHED = '.new-'
const SHORT_LIVED = 'run-'
/** What only has to be deleted, by whoever comes by: no lock, and nobody makes anything in it any more. */
const GONE = '.gone-'
/** Somebody who cleans up may take a new folder for a dead one, between its making and its lock. */
const ATTEMPTS = 100

/** The folder of a server that lives as long as one command. */
export async function makeInstanceDirectory(stateDirectory: string): Promise<InstanceDirectory> {
  const instances = join(stateDirectory, 'instances')
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const name = randomBytes(4).toString('hex')
    const unfinished = join(instances, UNFINISHED + name)
    await mkdir(unfinished, { recursive: true, mode: 0o711 })
    const lock = await lockOf(unfinished)
    if (lock === undefined) continue
    const directory = join(instances, SHORT_LIVED + name)
    await rename(unfinished, directory)
    return {
      directory,
      async remove() {
        await deleteInstance(directory)
        lock.release()
      },
    }
  }
  throw new Failure('StateLocked', `make a folder in "${instances}": each of ${ATTEMPTS} was taken away at once`)
}

/**
 * The folder of the server that goes on where the last one ended: it stays, with all that is in it.
 *
 * @throws Failure StateLocked while another server lives on it
 */
export async function openServerDirectory(stateDirectory: string): Promise<ServerDirectory> {
  const directory = serverDirectory(stateDirectory)
  await mkdir(directory, { recursive: true, mode: 0o711 })
  const lock = await tryLockFile(join(directory, 'lock'))
  if (lock === undefined) {
    throw new Failure(
      'StateLocked',
      `serve "${stateDirectory}": another peapod server runs on it; stop that one first, or give this one another --state-dir`,
    )
  }
  return { directory, release: () => lock.release() }
}

/** Where the server of a state directory has everything. */
function serverDirectory(stateDirectory: string): string {
  return join(stateDirectory, 'instances', 'server')
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
    if (name.startsWith(GONE)) await removeTree(directory)
    if (!name.startsWith(SHORT_LIVED) && !name.startsWith(UNFINISHED)) continue
    const lock = await lockOf(directory)
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

/** undefined: its process lives, or somebody has just removed it. */
async function lockOf(directory: string): Promise<HeldLock | undefined> {
  try {
    return await tryLockFile(join(directory, 'lock'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

async function removeInstance(directory: string, sandboxes: SandboxMaker): Promise<void> {
  await removeLeftovers(directory)
  const pods = join(directory, 'pods')
  for (const uid of await readdir(pods).catch(() => [])) {
    await sandboxes.remove({
      id: uid,
      directory: join(pods, uid, 'sandbox'),
      cgroupPath: podCgroupPath(uid),
      network: 'pod',
    })
  }
  await deleteInstance(directory)
}

/** Under another name first: while its files go, the lock among them, nobody may take it for a folder to lock. */
async function deleteInstance(directory: string): Promise<void> {
  const gone = join(dirname(directory), GONE + randomBytes(4).toString('hex'))
  await rename(directory, gone)
  await removeTree(gone)
}
