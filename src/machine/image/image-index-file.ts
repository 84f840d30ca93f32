import { randomBytes } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '../../failure.ts'
import { EMPTY_INDEX, type ImageIndex } from './image-index.ts'
import type { TempSpace } from './temp-space.ts'

/** Changes when the layout of the file does. */
const VERSION = 1

/** The index on disk, shared by several processes: `index.json`, replaced as a whole. */
export interface ImageIndexFile {
  /** As it is on disk now; costs a stat(2) as long as nobody changed it. */
  read(): ImageIndex
  /** Runs a change alone among all processes. */
  update<T>(signal: AbortSignal, change: (index: ImageIndex) => Promise<IndexChange<T>>): Promise<T>
}

export interface IndexChange<T> {
  /** The same object: nothing is written. */
  readonly index: ImageIndex
  readonly result: T
  /** Runs when the new index is on disk, still alone. @returns what takes the place of `result`. */
  readonly afterwards?: (room: RoomForChange) => Promise<T>
}

interface RoomForChange {
  /** What is moved here is deleted when the change is done. */
  readonly tempDir: string
  /** Puts another index in the place of the new one. */
  readonly put: (index: ImageIndex) => Promise<void>
}

export function openImageIndexFile(directory: string, temp: TempSpace): ImageIndexFile {
  const path = join(directory, 'index.json')
  const lockPath = join(directory, 'index.lock')
  let cached: { readonly stamp: string; readonly index: ImageIndex } | undefined
  return { read, update }

  function read(): ImageIndex {
    const stamp = stampOf(path)
    if (stamp === undefined) return EMPTY_INDEX
    if (cached?.stamp !== stamp) cached = { stamp, index: parseIndex(readFileSync(path, 'utf8'), path) }
    return cached.index
  }

  function update<T>(signal: AbortSignal, change: (index: ImageIndex) => Promise<IndexChange<T>>): Promise<T> {
    return temp.use(async (tempDir) => {
      const { lockFile } = await import('../linux/lock-file.ts')
      const lock = await lockFile(lockPath, signal)
      try {
        const before = read()
        const { index, result, afterwards } = await change(before)
        const put = (newer: ImageIndex) => replaceFile(path, tempDir, JSON.stringify({ version: VERSION, ...newer }))
        if (index !== before) await put(index)
        return afterwards === undefined ? result : await afterwards({ tempDir, put })
      } finally {
        lock.release()
      }
    })
  }
}

/** Another file has another inode, and a file that was only touched is the same. */
function stampOf(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false })
  return stat && `${stat.ino}.${stat.mtimeNs}.${stat.size}`
}

function parseIndex(text: string, path: string): ImageIndex {
  const advice = 'move the file away and pull the images again; layers that are there are used again'
  let value: Partial<ImageIndex> & { readonly version?: unknown }
  try {
    value = JSON.parse(text) as typeof value
  } catch (error) {
    throw new Failure('StateCorrupt', `read the list of images "${path}": it is not JSON; ${advice}`, { cause: error })
  }
  if (value.version === VERSION && value.names !== undefined && value.records !== undefined) {
    return { names: value.names, records: value.records }
  }
  throw new Failure('StateCorrupt', `read the list of images "${path}": its version is not ${VERSION}; ${advice}`)
}

/** A reader sees the old text or the new one, also after a power cut. */
async function replaceFile(path: string, tempDir: string, text: string): Promise<void> {
  const temporary = join(tempDir, `index-${randomBytes(8).toString('hex')}`)
  const file = await open(temporary, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.datasync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
}
