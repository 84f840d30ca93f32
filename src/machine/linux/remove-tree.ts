import {
  closeSync,
  constants as fsConstants,
  type Dirent,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  unlinkSync,
} from 'node:fs'
import { constants } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { clearImmutable, openAt } from './files.ts'
import { unmountBelow } from './mounts-below.ts'
import { errnoOf, systemCallFailure } from './system-call-failure.ts'

const RESOLVE_STRICTLY = 0x01n | 0x02n | 0x04n | 0x08n // NO_XDEV, NO_MAGICLINKS, NO_SYMLINKS, BENEATH
/** Directories this deep move up to the root of the tree: neither open files nor the length of a path limit the depth. */
const DEEPEST = 100
/** The rest of the program goes on after this time on a large tree. */
const LONGEST_TURN_MS = 4

/**
 * Unmounts everything at and below a path, then deletes it, without ever going into another mount, even one that is made
 * meanwhile, or through a symbolic link. Nothing there is fine.
 *
 * @throws Failure SystemCallFailed when something can't be deleted; a second call goes on from there.
 */
export async function removeTree(path: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return
  unmountBelow(path)
  const parent = openSync(dirname(path), fsConstants.O_DIRECTORY)
  try {
    if (stat.isDirectory()) await emptyDirectory(parent, basename(path))
    removeEntry(parent, basename(path), stat.isDirectory())
  } finally {
    closeSync(parent)
  }
}

async function emptyDirectory(parent: number, name: string): Promise<void> {
  const root = openDirectory(parent, name)
  if (root === undefined) return
  try {
    const turn = { endsAtMs: performance.now() + LONGEST_TURN_MS, moved: 0 }
    // What moved up shows as new entries of the root: again until there are none.
    for (let before = -1; before !== turn.moved;) {
      before = turn.moved
      await emptyOpenDirectory(root, { root, depth: 0, turn })
    }
  } finally {
    closeSync(root)
  }
}

interface Walk {
  readonly root: number
  readonly depth: number
  readonly turn: { endsAtMs: number; moved: number }
}

async function emptyOpenDirectory(directory: number, walk: Walk): Promise<void> {
  for (const entry of listEntries(directory)) {
    if (performance.now() > walk.turn.endsAtMs) {
      await nextTurn()
      walk.turn.endsAtMs = performance.now() + LONGEST_TURN_MS
    }
    if (entry.isDirectory()) await removeDirectory(directory, entry.name, walk)
    else removeEntry(directory, entry.name, false)
  }
}

async function removeDirectory(parent: number, name: string, walk: Walk): Promise<void> {
  const directory = openDirectory(parent, name)
  if (directory === undefined) return
  try {
    if (walk.depth >= DEEPEST) {
      walk.turn.moved += 1
      renameSync(inside(parent, name), inside(walk.root, `.removed-${process.hrtime.bigint()}`))
      return
    }
    await emptyOpenDirectory(directory, { ...walk, depth: walk.depth + 1 })
  } finally {
    closeSync(directory)
  }
  removeEntry(parent, name, true)
}

/** undefined when it is gone already. */
function openDirectory(parent: number, name: string): number | undefined {
  const fd = openAt(parent, name, { flags: fsConstants.O_DIRECTORY, resolve: RESOLVE_STRICTLY })
  if (fd === -constants.errno.ENOENT) return undefined
  if (fd < 0) throw systemCallFailure(fd, `open "${nameOf(parent, name)}" to delete what is in it`)
  return fd
}

function listEntries(directory: number): Dirent[] {
  return readdirSync(`/proc/self/fd/${directory}`, { withFileTypes: true })
}

function removeEntry(parent: number, name: string, isDirectory: boolean): void {
  const path = inside(parent, name)
  const remove = () => (isDirectory ? rmdirSync(path) : unlinkSync(path))
  try {
    remove()
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return
    if (errnoOf(error) !== 'EPERM') throw systemCallFailure(errnoNumber(error), `delete "${nameOf(parent, name)}"`)
    makeMutable(parent, name, isDirectory)
    remove()
  }
}

/** EPERM for root means an immutable or append-only file, or such a directory around it. */
function makeMutable(parent: number, name: string, isDirectory: boolean): void {
  clearImmutable(parent)
  // Only directories and plain files have the flag, and opening a device may do something.
  if (!isDirectory && !lstatSync(inside(parent, name)).isFile()) return
  const flags = fsConstants.O_RDONLY | fsConstants.O_NONBLOCK | (isDirectory ? fsConstants.O_DIRECTORY : 0)
  const fd = openAt(parent, name, { flags, resolve: RESOLVE_STRICTLY })
  if (fd < 0) return
  try {
    clearImmutable(fd)
  } finally {
    closeSync(fd)
  }
}

function errnoNumber(error: unknown): number {
  const { errno } = error as NodeJS.ErrnoException
  if (errno === undefined) throw error
  return errno
}

function inside(directory: number, name: string): string {
  return join(`/proc/self/fd/${directory}`, name)
}

/** For messages. */
function nameOf(directory: number, name: string): string {
  return join(readlinkSync(`/proc/self/fd/${directory}`), name)
}
