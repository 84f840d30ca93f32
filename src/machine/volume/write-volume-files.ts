import type { Dirent } from 'node:fs'
import {
  chmod,
  chown,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  unlink,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Failure, messageOf } from '../../failure.ts'

/** One file of a volume that is made of data. */
export interface VolumeFile {
  readonly content: Buffer
  /** Permission bits, whatever the umask says. */
  readonly mode: number
  /** Absent: root. */
  readonly uid?: number
}

export interface FilesOptions {
  /** Every file and folder belongs to this group, which may read them (I3); absent: to root's. */
  readonly gid?: number
  readonly nowMs: number
}

const DATA = '..data'
const NEW_DATA = '..data_tmp'
const FOLDER_MODE = 0o755
const GROUP_READS = 0o440
/** What is made in the folder belongs to its group. */
const GROUP_FOLDER = 0o2550
const LONGEST_PATH = 4096
const LONGEST_NAME = 255

/**
 * Makes files the content of a volume, all at once, as the kubelet does: they lie in a folder of their own, which a
 * symbolic link `..data` leads to; what users see are links through that one. Replacing it changes all files together,
 * and who has the old ones open keeps them. Whoever is killed at any point leaves the old files or the new ones.
 *
 * @param directory is there, and nobody else writes to it.
 * @param files by their paths, such as `etc/app.conf`.
 * @returns whether anything was to be changed.
 * @throws Failure FailedMount
 */
export async function writeVolumeFiles(
  directory: string,
  files: ReadonlyMap<string, VolumeFile>,
  options: FilesOptions,
): Promise<'changed' | 'same'> {
  for (const path of files.keys()) refuseBadPath(path)
  try {
    const current = await currentFolder(directory)
    const isSame = current !== undefined && (await holds(join(directory, current), files, options))
    const next = isSame ? current : await makeFolder(directory, files, options)
    if (!isSame) await switchTo(directory, next)
    await linkNames(directory, namesOf(files))
    await removeOthers(directory, new Set([DATA, next, ...namesOf(files)]))
    return isSame ? 'same' : 'changed'
  } catch (error) {
    throw new Failure('FailedMount', `write the files of "${directory}": ${messageOf(error)}`, { cause: error })
  }
}

/** Nothing that a key or a path says leads out of the folder, or to the links that it is made of. */
function refuseBadPath(path: string): void {
  const names = path.split('/')
  const isBad =
    path === '' ||
    path.includes('\0') ||
    Buffer.byteLength(path) > LONGEST_PATH ||
    names.some((name) => name === '' || name === '.' || name === '..' || Buffer.byteLength(name) > LONGEST_NAME) ||
    path.startsWith('..')
  if (isBad) throw new Failure('FailedMount', `make the file ${JSON.stringify(path)}: not a path inside of a volume`)
}

/** What users see at the top of the volume. */
function namesOf(files: ReadonlyMap<string, VolumeFile>): ReadonlySet<string> {
  return new Set([...files.keys()].map((path) => path.split('/')[0] ?? ''))
}

async function currentFolder(directory: string): Promise<string | undefined> {
  try {
    const target = await readlink(join(directory, DATA))
    return target.startsWith('..') && !target.includes('/') ? target : undefined
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

async function holds(folder: string, files: ReadonlyMap<string, VolumeFile>, options: FilesOptions): Promise<boolean> {
  const there = await filesBelow(folder)
  if (there.length !== files.size) return false
  for (const path of there) {
    const wanted = files.get(path)
    if (wanted === undefined) return false
    const { mode, uid, gid } = await lstat(join(folder, path))
    const isSame =
      (mode & 0o7777) === modeOf(wanted, options) && uid === (wanted.uid ?? 0) && gid === (options.gid ?? 0)
    if (!isSame || !wanted.content.equals(await readFile(join(folder, path)))) return false
  }
  return true
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown): Dirent[] => {
    if (isMissing(error)) return []
    throw error
  })
  const files = entries.filter((entry) => !entry.isDirectory())
  return files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
}

/** Not to be seen before all of it is there: nobody but root may enter it until then. */
async function makeFolder(
  directory: string,
  files: ReadonlyMap<string, VolumeFile>,
  options: FilesOptions,
): Promise<string> {
  const name = folderName(options.nowMs)
  const folder = join(directory, name)
  await mkdir(folder, { mode: 0o700 })
  try {
    await fillFolder(folder, files, options)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
  return name
}

async function fillFolder(
  folder: string,
  files: ReadonlyMap<string, VolumeFile>,
  options: FilesOptions,
): Promise<void> {
  const folders = new Set<string>()
  for (const [path, file] of files) {
    for (let parent = dirname(path); parent !== '.'; parent = dirname(parent)) folders.add(parent)
    await mkdir(dirname(join(folder, path)), { recursive: true, mode: FOLDER_MODE })
    const handle = await open(join(folder, path), 'wx', 0o600)
    try {
      await handle.writeFile(file.content)
      await handle.chown(file.uid ?? 0, options.gid ?? 0)
      await handle.chmod(modeOf(file, options))
    } finally {
      await handle.close()
    }
  }
  for (const parent of [...folders, '']) await openFolder(join(folder, parent), options)
}

async function openFolder(folder: string, { gid }: FilesOptions): Promise<void> {
  if (gid !== undefined) await chown(folder, 0, gid)
  await chmod(folder, gid === undefined ? FOLDER_MODE : FOLDER_MODE | GROUP_FOLDER)
}

/** In the kubelet's form, with nine random digits that tell folders of the same second apart. */
function folderName(nowMs: number): string {
  const second = new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-T:]/g, '_')
  const [number = 0] = crypto.getRandomValues(new Uint32Array(1))
  return `..${second}.${String(number % 1_000_000_000).padStart(9, '0')}`
}

function modeOf({ mode }: VolumeFile, { gid }: FilesOptions): number {
  return (mode & 0o777) | (gid === undefined ? 0 : GROUP_READS)
}

async function switchTo(directory: string, folder: string): Promise<void> {
  const fresh = join(directory, NEW_DATA)
  await rm(fresh, { force: true })
  await symlink(folder, fresh)
  await rename(fresh, join(directory, DATA))
}

/** Links, and whatever is in their place by mistake goes. */
async function linkNames(directory: string, names: ReadonlySet<string>): Promise<void> {
  for (const name of names) {
    const link = join(directory, name)
    const target = join(DATA, name)
    if ((await linkTarget(link)) === target) continue
    await rm(link, { recursive: true, force: true })
    await symlink(target, link)
  }
}

/** @returns undefined when there is nothing, or something that is no link. */
async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return await readlink(path)
  } catch (error) {
    if (isMissing(error) || (error as NodeJS.ErrnoException).code === 'EINVAL') return undefined
    throw error
  }
}

/** Names that are gone, earlier folders, and what whoever was killed has left. */
async function removeOthers(directory: string, kept: ReadonlySet<string>): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true })
  for (const entry of entries) {
    if (kept.has(entry.name)) continue
    const path = join(directory, entry.name)
    if (entry.isDirectory()) await rm(path, { recursive: true, force: true })
    else await unlink(path)
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}
