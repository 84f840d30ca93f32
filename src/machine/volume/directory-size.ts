import type { Dirent, Stats } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** st_blocks counts in these, whatever the file system's blocks are. */
const BLOCK_BYTES = 512

/**
 * The disk space that a directory takes, as du counts it: sparse files by their blocks, hard links once, other mounts and
 * what symbolic links point to not at all. What vanishes meanwhile does not count.
 *
 * @returns bytes; 0 when there is no such directory.
 */
export async function directorySizeBytes(directory: string): Promise<number> {
  const root = await lstatIfThere(directory)
  if (root === undefined) return 0
  const counted = new Set<number>()
  let bytes = root.blocks * BLOCK_BYTES
  const waiting = [directory]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const folder = next
    const entries = await entriesIfThere(folder)
    const stats = await Promise.all(entries.map((entry) => lstatIfThere(join(folder, entry.name))))
    for (const [index, entry] of entries.entries()) {
      const stat = stats[index]
      if (stat === undefined || stat.dev !== root.dev) continue
      if (stat.nlink > 1 && !stat.isDirectory()) {
        if (counted.has(stat.ino)) continue
        counted.add(stat.ino)
      }
      bytes += stat.blocks * BLOCK_BYTES
      if (stat.isDirectory()) waiting.push(join(folder, entry.name))
    }
  }
  return bytes
}

async function entriesIfThere(directory: string): Promise<Dirent[]> {
  try {
    return await readdir(directory, { withFileTypes: true })
  } catch (error) {
    if (isGone(error)) return []
    throw error
  }
}

async function lstatIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path)
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

function isGone(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')
}
