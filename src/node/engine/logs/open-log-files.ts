import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Failure, messageOf } from '../../../failure.ts'
import { keptLogNames } from './kept-log-name.ts'

/** A file of a log, open to be read. */
export interface OpenLogFile {
  readonly handle: FileHandle
  /** Nothing else has it while the file is open, whatever its name is meanwhile. */
  readonly inode: number
  /** When it was opened: the one that is written grows. */
  readonly bytes: number
  readonly modifiedAtMs: number
}

/**
 * Opens what there is of a log, oldest first: what was kept when it was rotated, and the file that is written. Nothing is
 * missing between the first and the last, though it is rotated meanwhile.
 *
 * @returns none for a container that never wrote.
 */
export async function openLogFiles(logFile: string): Promise<readonly OpenLogFile[]> {
  for (;;) {
    const before = await inodeOf(logFile)
    if (before === undefined) return []
    const kept = keptLogNames(basename(logFile), await readdir(dirname(logFile)))
    const files: OpenLogFile[] = []
    for (const path of [...kept.map((name) => join(dirname(logFile), name)), logFile]) {
      const file = await openFile(path)
      // While it is being rotated, the live file has a second name.
      if (file !== undefined && file.inode === files.at(-1)?.inode) await file.handle.close()
      else if (file !== undefined) files.push(file)
    }
    // No new one came between the list and the last of it: it was not rotated.
    if (files.at(-1)?.inode === before) return files
    await closeLogFiles(files)
  }
}

export interface LaterLogFiles {
  readonly files: readonly OpenLogFile[]
  /** Nobody knows what was between: the first of these begins with the lines that were begun before. */
  readonly isRemoved: boolean
}

/**
 * Opens what came after a file of a log that is being read.
 *
 * @returns none while that is the one that is written, and when there is no log any more.
 */
export async function openLaterLogFiles(logFile: string, inode: number): Promise<LaterLogFiles> {
  if ((await inodeOf(logFile)) === inode) return { files: [], isRemoved: false }
  const files = await openLogFiles(logFile)
  // Removed already, it is older than all that are left.
  const later = files.findIndex((file) => file.inode === inode) + 1
  await closeLogFiles(files.slice(0, later))
  return { files: files.slice(later), isRemoved: later === 0 }
}

export async function closeLogFiles(files: readonly OpenLogFile[]): Promise<void> {
  await Promise.all(files.map(({ handle }) => handle.close()))
}

async function inodeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).ino
  } catch (error) {
    refuseUnlessGone(path, error)
    return undefined
  }
}

/** @returns undefined for the oldest that was removed meanwhile. */
async function openFile(path: string): Promise<OpenLogFile | undefined> {
  let handle: FileHandle | undefined
  try {
    handle = await open(path, 'r')
    const { ino, size, mtimeMs } = await handle.stat()
    return { handle, inode: ino, bytes: size, modifiedAtMs: mtimeMs }
  } catch (error) {
    await handle?.close()
    refuseUnlessGone(path, error)
    return undefined
  }
}

function refuseUnlessGone(path: string, cause: unknown): void {
  if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return
  throw new Failure('InternalError', `read the log "${path}": ${messageOf(cause)}`, { cause })
}
