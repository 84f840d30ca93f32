import { constants, copyFile, lstat, mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Failure } from '../../../failure.ts'
import { placeEntry } from './place-entry.ts'
import type { TarEntry } from './read-tar.ts'

export interface ExtractTo {
  /** What the thing becomes on this machine: a file or a directory. What leads to it is made. */
  readonly destination: string
  /** The name that was asked for. */
  readonly asked: string
  readonly onSkipped: (name: string, why: string) => void
}

/**
 * Writes what a container sent below a destination of this machine, and nowhere else: also not through symbolic links that
 * are there already.
 *
 * @returns how many files and directories there were.
 * @throws Failure Forbidden for an archive that tries to write elsewhere.
 */
export async function extractTar(entries: AsyncIterable<TarEntry>, to: ExtractTo): Promise<number> {
  const files = new Set<string>()
  let count = 0
  await mkdir(dirname(to.destination), { recursive: true })
  for await (const entry of entries) {
    const placed = placeEntry(entry, to.asked)
    switch (placed.is) {
      case 'refused':
        throw new Failure(
          'Forbidden',
          `the container sent ${JSON.stringify(entry.name)}: ${placed.why}; nothing more of it is taken`,
        )
      case 'skipped':
        to.onSkipped(entry.name, placed.why)
        continue
      case 'directory':
        await makeDirectories(to.destination, placed.path)
        break
      case 'file':
        await writeFile(await placeOf(to.destination, placed.path), entry)
        files.add(placed.path.join('/'))
        break
      case 'copy-of': {
        if (!files.has(placed.of.join('/'))) {
          to.onSkipped(entry.name, `a hard link to ${JSON.stringify(entry.linkName)}, which was not copied before`)
          continue
        }
        const path = await placeOf(to.destination, placed.path)
        await refuseLink(path)
        await copyFile(join(to.destination, ...placed.of), path)
        files.add(placed.path.join('/'))
      }
    }
    count += 1
  }
  return count
}

async function placeOf(destination: string, path: readonly string[]): Promise<string> {
  if (path.length > 0) await makeDirectories(destination, path.slice(0, -1))
  return join(destination, ...path)
}

/** The destination may be a link: that is the user's own wish. What is below it may not. */
async function makeDirectories(destination: string, path: readonly string[]): Promise<void> {
  await mkdir(destination, { recursive: true })
  let folder = destination
  for (const name of path) {
    folder = join(folder, name)
    await refuseLink(folder)
    try {
      await mkdir(folder)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
      if (!(await lstat(folder)).isDirectory()) throw notThrough(folder)
    }
  }
}

async function refuseLink(path: string): Promise<void> {
  const stats = await lstat(path).catch(() => undefined)
  if (stats?.isSymbolicLink() === true) throw notThrough(path)
}

function notThrough(path: string): Failure {
  return new Failure(
    'Forbidden',
    `write ${JSON.stringify(path)}: what is there is no directory of its own, such as a link`,
  )
}

async function writeFile(path: string, { mode, content }: TarEntry): Promise<void> {
  await refuseLink(path)
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants
  await using file = await open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode & 0o777)
  for await (const chunk of content) await file.writeFile(chunk)
}
