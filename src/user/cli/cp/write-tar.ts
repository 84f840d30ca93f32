import { open, lstat, readdir, readlink } from 'node:fs/promises'
import type { Stats } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../../../failure.ts'
import { BLOCK_BYTES, encodeTarHeader, NAME_BYTES, type TarHeader } from './tar-header.ts'

const CHUNK_BYTES = 65_536
const END = Buffer.alloc(2 * BLOCK_BYTES)

export interface TarSource {
  /** A file or a directory of this machine. */
  readonly path: string
  /** What it is called in the archive. */
  readonly name: string
  /** Told of what an archive cannot hold, which is left out. */
  readonly onSkipped: (path: string, why: string) => void
}

/** A tar archive of a file, or of a directory with all that is in it; symbolic links stay links. */
export async function* writeTar(source: TarSource): AsyncGenerator<Buffer, void, undefined> {
  yield* writeOne(source.path, source.name, source.onSkipped)
  yield END
}

async function* writeOne(
  path: string,
  name: string,
  onSkipped: TarSource['onSkipped'],
): AsyncGenerator<Buffer, void, undefined> {
  const stats = await lstat(path)
  if (stats.isDirectory()) {
    yield* headerOf({ name: `${name}/`, type: '5', stats })
    for (const child of (await readdir(path)).toSorted())
      yield* writeOne(join(path, child), `${name}/${child}`, onSkipped)
  } else if (stats.isSymbolicLink()) {
    yield* headerOf({ name, type: '2', stats, linkName: await readlink(path) })
  } else if (stats.isFile()) {
    yield* headerOf({ name, type: '0', stats, sizeBytes: stats.size })
    yield* contentOf(path, stats.size)
  } else onSkipped(path, 'it is no file, directory or link')
}

async function* contentOf(path: string, sizeBytes: number): AsyncGenerator<Buffer, void, undefined> {
  await using file = await open(path)
  let left = sizeBytes
  while (left > 0) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, left))
    const { bytesRead } = await file.read(chunk, 0, chunk.length)
    if (bytesRead === 0) throw new Failure('Conflict', `copy ${JSON.stringify(path)}: it became shorter as it was read`)
    left -= bytesRead
    yield chunk.subarray(0, bytesRead)
  }
  yield Buffer.alloc((BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES)
}

/** Names that are too long for a header come before it, as GNU tar has them. */
function* headerOf(entry: {
  readonly name: string
  readonly type: string
  readonly stats: Stats
  readonly linkName?: string
  readonly sizeBytes?: number
}): Generator<Buffer, void, undefined> {
  const { name, type, stats, linkName = '', sizeBytes = 0 } = entry
  if (Buffer.byteLength(name) > NAME_BYTES) yield* longName('L', name)
  if (Buffer.byteLength(linkName) > NAME_BYTES) yield* longName('K', linkName)
  const { mode, uid, gid, mtimeMs } = stats
  const numbers = { mode: mode & 0o7777, uid, gid, mtimeSeconds: mtimeMs / 1_000 }
  yield encodeTarHeader({ ...numbers, name: cut(name), type, linkName: cut(linkName), sizeBytes })
}

function* longName(type: 'L' | 'K', name: string): Generator<Buffer, void, undefined> {
  const content = Buffer.from(`${name}\0`)
  const header: TarHeader = {
    name: '././@LongLink',
    type,
    mode: 0,
    uid: 0,
    gid: 0,
    mtimeSeconds: 0,
    linkName: '',
    sizeBytes: content.length,
  }
  yield encodeTarHeader(header)
  yield content
  yield Buffer.alloc((BLOCK_BYTES - (content.length % BLOCK_BYTES)) % BLOCK_BYTES)
}

function cut(name: string): string {
  return Buffer.byteLength(name) <= NAME_BYTES ? name : Buffer.from(name).toString('latin1', 0, NAME_BYTES)
}
