import { randomBytes } from 'node:crypto'
import { createReadStream, mkdirSync } from 'node:fs'
import { access, mkdir, rename, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { type BlobInfo, digestParts } from './digest.ts'
import { openTempSpace, partialFileName, type TempSpace, unlinkIfThere } from './temp-space.ts'
import { WrongContent, writeBlob } from './write-blob.ts'

const READ_BYTES = 1024 * 1024

/** Blobs on disk by digest: `blobs/<algorithm>/<hex>`. What is there is whole and has that digest. */
export interface ContentStore {
  has(digest: string): Promise<boolean>
  /** @throws Failure ErrImagePull when the content is not what was expected; nothing is left then. */
  write(source: AsyncIterable<Uint8Array>, expected?: Partial<BlobInfo>): Promise<BlobInfo>
  /**
   * Writes a blob that may come in pieces, over several calls and processes: what arrived before a failure is kept
   * and is not asked for again.
   */
  writeResuming(expected: BlobInfo, source: ResumableSource): Promise<BlobInfo>
  read(digest: string): Readable
  pathOf(digest: string): string
  /** A blob that is not there is no error. */
  remove(digest: string): Promise<void>
}

interface ResumableSource {
  /** The blob from this byte on. */
  readonly open: (offsetBytes: number) => AsyncIterable<Uint8Array>
  /** Sees the whole blob from its first byte, at the pace at which it answers. */
  readonly onChunk: (chunk: Uint8Array) => Promise<void>
  /** Is what came before a failure good for the next time? */
  readonly isWorthKeeping: (error: unknown) => boolean
}

/** @param temp of the same directory, when the caller has one already. */
export function openContentStore(directory: string, temp: TempSpace = openTempSpace(directory)): ContentStore {
  const blobsDir = join(directory, 'blobs')
  mkdirSync(join(blobsDir, 'sha256'), { recursive: true, mode: 0o700 })

  return { has, write, writeResuming, read, pathOf, remove }

  function pathOf(digest: string): string {
    const { algorithm, hex } = digestParts(digest)
    return join(blobsDir, algorithm, hex)
  }

  function has(digest: string): Promise<boolean> {
    return access(pathOf(digest)).then(
      () => true,
      () => false,
    )
  }

  function write(source: AsyncIterable<Uint8Array>, expected?: Partial<BlobInfo>): Promise<BlobInfo> {
    return temp.use(async (tempDir) => {
      const path = join(tempDir, `write-${randomBytes(8).toString('hex')}`)
      try {
        return await publish(await writeBlob(source, { path, skipBytes: 0 }, expected), path)
      } catch (error) {
        await unlinkIfThere(path)
        throw error
      }
    })
  }

  function writeResuming(expected: BlobInfo, source: ResumableSource): Promise<BlobInfo> {
    return temp.use(async (tempDir) => {
      // Who renames the kept beginning has it alone; everybody else starts from nothing.
      const path = join(tempDir, partialFileName(expected.digest))
      const skipBytes = await takePartial(temp.partialPath(expected.digest), path, expected.sizeBytes)
      try {
        const whole = fromFirstByte(path, skipBytes, source)
        return await publish(await writeBlob(whole, { path, skipBytes }, expected), path)
      } catch (error) {
        if (error instanceof WrongContent || !source.isWorthKeeping(error)) await unlinkIfThere(path)
        else await renameIfThere(path, temp.partialPath(expected.digest))
        throw error
      }
    })
  }

  async function publish(blob: BlobInfo, path: string): Promise<BlobInfo> {
    const place = pathOf(blob.digest)
    await mkdir(dirname(place), { recursive: true, mode: 0o700 })
    await rename(path, place)
    return blob
  }

  function read(digest: string): Readable {
    return createReadStream(pathOf(digest), { highWaterMark: READ_BYTES })
  }

  function remove(digest: string): Promise<void> {
    return unlinkIfThere(pathOf(digest))
  }
}

/** How many bytes of the beginning are in the file at `path` now. */
async function takePartial(keptPath: string, path: string, sizeBytes: number): Promise<number> {
  if (!(await renameIfThere(keptPath, path))) return 0
  const keptBytes = (await stat(path)).size
  return keptBytes > sizeBytes ? 0 : keptBytes
}

async function* fromFirstByte(path: string, keptBytes: number, source: ResumableSource): AsyncGenerator<Uint8Array> {
  if (keptBytes > 0) {
    const kept: AsyncIterable<Buffer> = createReadStream(path, { end: keptBytes - 1, highWaterMark: READ_BYTES })
    yield* seenBy(kept, source.onChunk)
  }
  yield* seenBy(source.open(keptBytes), source.onChunk)
}

async function* seenBy(
  chunks: AsyncIterable<Uint8Array>,
  onChunk: (chunk: Uint8Array) => Promise<void>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    await onChunk(chunk)
    yield chunk
  }
}

async function renameIfThere(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
