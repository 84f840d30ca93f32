import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { HeldLock } from '../linux/lock-file.ts'

/** A download that nobody took up again for this long is thrown away. */
const PARTIAL_KEPT_MS = 24 * 60 * 60 * 1000
/** How long the lock of a process that is gone may still be held. */
const DEAD_OWNER_MS = 1_000
/** By then its tar has ended too. */
const ORPHAN_MS = 200
/** Names of files in a temp directory that hold the beginning of a blob. */
const PARTIAL_PREFIX = 'blob-'

/**
 * Where content is made before it is moved into place: `tmp/<id>/` belongs to the process that holds the lock
 * `tmp/<id>.lock`, and is rubbish once nobody does. `partial/` holds the beginnings of blobs whose download broke off.
 */
export interface TempSpace {
  /** Runs work with a directory of this process, which is removed when the last such work ends. */
  use<T>(work: (directory: string) => Promise<T>): Promise<T>
  /** Where the beginning of a blob waits for the next download of it. */
  partialPath(digest: string): string
  /** Is any process (this one included) making content now? */
  isInUse(): Promise<boolean>
  /** Removes every kept beginning. */
  removePartials(): Promise<void>
}

/** A new name that makes a file in a temp directory survive its process, as the beginning of that blob. */
export function partialFileName(digest: string): string {
  return `${keptName(digest)}~${randomBytes(8).toString('hex')}`
}

function keptName(digest: string): string {
  return `${PARTIAL_PREFIX}${digest.replace(':', '-')}`
}

/** @param directory of the store: `tmp/` and `partial/` in it are this module's. */
export function openTempSpace(directory: string): TempSpace {
  const tempDir = join(directory, 'tmp')
  const partialDir = join(directory, 'partial')
  mkdirSync(tempDir, { recursive: true, mode: 0o700 })
  mkdirSync(partialDir, { recursive: true, mode: 0o700 })
  let users = 0
  let held: Promise<HeldTemp> | undefined

  return { use, partialPath, isInUse, removePartials }

  async function use<T>(work: (temp: string) => Promise<T>): Promise<T> {
    users += 1
    held ??= holdTemp(tempDir)
    const mine = held
    try {
      return await work((await mine).directory)
    } finally {
      users -= 1
      if (users === 0) {
        held = undefined
        await mine.then(releaseTemp, () => undefined)
      }
    }
  }

  function partialPath(digest: string): string {
    return join(partialDir, keptName(digest))
  }

  async function isInUse(): Promise<boolean> {
    if (users > 0) return true
    const { tryLockFile } = await import('../linux/lock-file.ts')
    for (const name of lockNames(tempDir)) {
      const lock = await tryLockFile(join(tempDir, name))
      if (lock === undefined) return true
      lock.release()
    }
    return false
  }

  async function removePartials(): Promise<void> {
    await Promise.all(readdirSync(partialDir).map((name) => unlinkIfThere(join(partialDir, name))))
  }
}

/** Removes what dead processes left; beginnings of blobs move to `partial/`, where they are kept for a day. */
export async function cleanTempSpace(directory: string, nowMs: number): Promise<void> {
  const tempDir = join(directory, 'tmp')
  const partialDir = join(directory, 'partial')
  for (const name of readdirSync(partialDir)) {
    const path = join(partialDir, name)
    const age = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? nowMs
    if (nowMs - age > PARTIAL_KEPT_MS) await unlinkIfThere(path)
  }
  const names = readdirSync(tempDir)
  if (names.length === 0) return
  const { tryLockFile } = await import('../linux/lock-file.ts')
  for (const id of new Set(names.map((name) => name.replace(/\.lock$/, '')))) {
    const lockPath = join(tempDir, `${id}.lock`)
    // Taking the lock of a directory without a lock file makes one: a cleaner that died half-way left such a directory.
    const lock = (await tryLockFile(lockPath)) ?? (isOwnerAlive(id) ? undefined : await lockOfDead(lockPath))
    if (lock === undefined) continue
    await keepPartials(join(tempDir, id), partialDir)
    const abandoned = { directory: join(tempDir, id), lockPath, lock }
    // A tar of the dead process writes on until it sees the end of its input, and may fill what is being emptied.
    await dropTemp(abandoned).catch(() => delay(ORPHAN_MS).then(() => releaseTemp(abandoned)))
  }
}

interface HeldTemp {
  readonly directory: string
  readonly lockPath: string
  readonly lock: HeldLock
}

async function holdTemp(tempDir: string): Promise<HeldTemp> {
  const { tryLockFile } = await import('../linux/lock-file.ts')
  for (;;) {
    const directory = join(tempDir, `${process.pid}-${randomBytes(8).toString('hex')}`)
    const lockPath = `${directory}.lock`
    const lock = await tryLockFile(lockPath)
    // undefined: a cleaner saw the new lock file before it was locked, and is about to remove it.
    if (lock === undefined) continue
    mkdirSync(directory, { mode: 0o700 })
    return { directory, lockPath, lock }
  }
}

/** @param id of a temp directory, which begins with the process that made it. */
function isOwnerAlive(id: string): boolean {
  try {
    const stat = readFileSync(`/proc/${Number.parseInt(id, 10)}/stat`, 'latin1')
    return !/\) [ZX]/.test(stat)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return false
    throw error
  }
}

/** A child that was being started when its parent was killed has the parent's lock until it executes its program. */
async function lockOfDead(lockPath: string): Promise<HeldLock | undefined> {
  const { lockFile } = await import('../linux/lock-file.ts')
  const patience = AbortSignal.timeout(DEAD_OWNER_MS)
  return lockFile(lockPath, patience).catch((error: unknown) => {
    if (patience.aborted) return undefined
    throw error
  })
}

/** The lock goes last: until then nobody else touches the directory. When it fails, the lock is still held. */
async function dropTemp(temp: HeldTemp): Promise<void> {
  const { removeTree } = await import('../linux/remove-tree.ts')
  if (existsSync(temp.directory)) await removeTree(temp.directory)
  await unlinkIfThere(temp.lockPath)
  temp.lock.release()
}

/** As dropTemp; the lock is free afterwards in any case, so that the next open tries again. */
async function releaseTemp(temp: HeldTemp): Promise<void> {
  try {
    await dropTemp(temp)
  } finally {
    temp.lock.release()
  }
}

async function keepPartials(directory: string, partialDir: string): Promise<void> {
  if (!existsSync(directory)) return
  for (const name of readdirSync(directory)) {
    if (name.startsWith(PARTIAL_PREFIX)) await rename(join(directory, name), join(partialDir, name.replace(/~.*$/, '')))
  }
}

function lockNames(tempDir: string): string[] {
  return readdirSync(tempDir).filter((name) => name.endsWith('.lock'))
}

/** Removes a file; one that is gone already is what was asked for. */
export async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
