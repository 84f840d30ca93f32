import { createHash } from 'node:crypto'
import { closeSync, createReadStream, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { nameFromText, NO_XATTRS, type TarEntry } from './tar-entry.ts'
import { ARCHIVE_END, buildTarHeader, buildTarPadding } from './tar-writer.ts'

/** One thing in a layer that is made here. */
export type LayerItem = LayerOwner &
  (
    | { readonly is: 'directory'; readonly mode?: number }
    | { readonly is: 'symlink'; readonly target: string }
    | { readonly is: 'text'; readonly text: string; readonly mode?: number }
    /** A copy of a file of this machine. */
    | { readonly is: 'file'; readonly from: string; readonly mode?: number }
  )

interface LayerOwner {
  /** Absolute path in the image. */
  readonly path: string
  /** Both user and group; 0 when absent. */
  readonly owner?: number
}

const READ_BYTES = 1024 * 1024
/** Larger files are told apart by their size and samples: hashing a program of 150 MB at each start takes too long. */
const LARGEST_WHOLE_HASH_BYTES = 16 * 1024 * 1024

/** The layer as an uncompressed tar: sorted, without times, so that the same items always give the same bytes. */
export async function* buildLayer(items: readonly LayerItem[]): AsyncGenerator<Buffer, void, void> {
  for (const item of sorted(items)) {
    if (item.is === 'text') {
      const bytes = Buffer.from(item.text)
      yield Buffer.concat([buildTarHeader(entryOf(item, bytes.length)), bytes, buildTarPadding(bytes.length)])
    } else if (item.is === 'file') {
      const { size } = statSync(item.from)
      yield buildTarHeader(entryOf(item, size))
      yield* createReadStream(item.from, { highWaterMark: READ_BYTES }) as AsyncIterable<Buffer>
      yield buildTarPadding(size)
    } else yield buildTarHeader(entryOf(item, 0))
  }
  yield ARCHIVE_END
}

/** Changes when the layer would: a digest of all items and of what is in the files. */
export function fingerprintOf(items: readonly LayerItem[]): string {
  const hash = createHash('sha256')
  for (const item of sorted(items)) {
    // Not where it is on this machine, only what it is.
    const { from, ...rest } = { from: undefined, ...item }
    hash.update(JSON.stringify([rest, from === undefined ? null : sampleOf(from)]))
  }
  return hash.digest('hex')
}

function sampleOf(path: string): string {
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const hash = createHash('sha256').update(String(size))
    const offsets =
      size <= LARGEST_WHOLE_HASH_BYTES
        ? Array.from({ length: Math.ceil(size / READ_BYTES) }, (_, index) => index * READ_BYTES)
        : [0, Math.floor(size / 2), size - READ_BYTES]
    const buffer = Buffer.alloc(READ_BYTES)
    for (const offset of offsets) hash.update(buffer.subarray(0, readSync(file, buffer, 0, READ_BYTES, offset)))
    return hash.digest('hex')
  } finally {
    closeSync(file)
  }
}

function sorted(items: readonly LayerItem[]): LayerItem[] {
  return [...items].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
}

function entryOf(item: LayerItem, sizeBytes: number): TarEntry {
  const common = {
    name: nameFromText(item.path.slice(1)),
    linkName: '',
    uid: item.owner ?? 0,
    gid: item.owner ?? 0,
    sizeBytes,
    mtimeSeconds: 0,
    mtimeNanoseconds: 0,
    xattrs: NO_XATTRS,
  }
  switch (item.is) {
    case 'directory':
      return { ...common, type: 'directory', mode: item.mode ?? 0o755 }
    case 'symlink':
      return { ...common, type: 'symlink', mode: 0o777, linkName: nameFromText(item.target) }
    case 'text':
    case 'file':
      return { ...common, type: 'file', mode: item.mode ?? 0o644 }
  }
}
