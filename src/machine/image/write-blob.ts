import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { Failure } from '../../failure.ts'
import { type BlobInfo, digestParts, finishDigest } from './digest.ts'

/** One write(2) to a page cache costs little; one per network packet does not. */
const BATCH_BYTES = 1024 * 1024

/** Content that is not what was promised: trying to go on from where it is makes no sense. */
export class WrongContent extends Failure {}

/**
 * Writes a stream into a file and hashes it on the way. The bytes are on the disk when it resolves.
 *
 * @param file.skipBytes the file holds that much of the beginning already: hashed, not written again.
 * @throws WrongContent for another digest or more bytes than expected; Failure ErrImagePull for fewer. The file stays.
 */
export async function writeBlob(
  source: AsyncIterable<Uint8Array>,
  file: { readonly path: string; readonly skipBytes: number },
  expected?: Partial<BlobInfo>,
): Promise<BlobInfo> {
  const algorithm = expected?.digest === undefined ? 'sha256' : digestParts(expected.digest).algorithm
  const hash = createHash(algorithm)
  const handle = await open(file.path, file.skipBytes > 0 ? 'r+' : 'w', 0o600)
  const writer = writeInBatches(handle, file.skipBytes)
  let sizeBytes = 0
  try {
    for await (const chunk of source) {
      const skip = Math.max(0, Math.min(chunk.length, file.skipBytes - sizeBytes))
      sizeBytes += chunk.length
      checkNotLonger(sizeBytes, expected)
      hash.update(chunk)
      await writer.write(skip === 0 ? chunk : chunk.subarray(skip))
    }
    await writer.flush()
    const found = { digest: finishDigest(hash, algorithm), sizeBytes }
    checkAsExpected(found, expected)
    await handle.datasync()
    return found
  } catch (error) {
    await writer.settle()
    throw error
  } finally {
    await handle.close()
  }
}

function checkNotLonger(sizeBytes: number, expected: Partial<BlobInfo> | undefined): void {
  if (expected?.sizeBytes === undefined || sizeBytes <= expected.sizeBytes) return
  const what = expected.digest ?? 'the content'
  throw new WrongContent('ErrImagePull', `read ${what}: more than the ${expected.sizeBytes} bytes that were announced`)
}

function checkAsExpected(found: BlobInfo, expected: Partial<BlobInfo> | undefined): void {
  const what = expected?.digest ?? 'the content'
  if (expected?.sizeBytes !== undefined && found.sizeBytes < expected.sizeBytes) {
    const message = `read ${what}: truncated, it ended after ${found.sizeBytes} of ${expected.sizeBytes} bytes`
    throw new Failure('ErrImagePull', message)
  }
  if (expected?.digest !== undefined && found.digest !== expected.digest) {
    throw new WrongContent(
      'ErrImagePull',
      `read ${what}: digest mismatch, its ${found.sizeBytes} bytes have the digest ${found.digest}`,
    )
  }
}

interface BatchWriter {
  write(chunk: Uint8Array): Promise<void>
  flush(): Promise<void>
  /** As `flush`, after a failure that is the news: the file may be closed afterwards. */
  settle(): Promise<void>
}

/** Collects chunks while the batch before them is being written. */
function writeInBatches(handle: FileHandle, startBytes: number): BatchWriter {
  let batch: Uint8Array[] = []
  let batchBytes = 0
  let position = startBytes
  let underWay: Promise<void> = Promise.resolve()

  return { write, flush, settle }

  async function write(chunk: Uint8Array): Promise<void> {
    if (chunk.length === 0) return
    batch.push(chunk)
    batchBytes += chunk.length
    if (batchBytes >= BATCH_BYTES) await startBatch()
  }

  async function flush(): Promise<void> {
    if (batchBytes > 0) await startBatch()
    await underWay
  }

  async function settle(): Promise<void> {
    await flush().catch(() => undefined)
    await underWay.catch(() => undefined)
  }

  async function startBatch(): Promise<void> {
    await underWay
    const chunks = batch
    const at = position
    position += batchBytes
    batch = []
    batchBytes = 0
    underWay = writeAll(handle, chunks, at)
    // A failure is thrown by the next wait for it; until then it must not count as unhandled.
    underWay.catch(() => undefined)
  }
}

/** writev(2) may write less than it was given, on a disk that is nearly full above all. */
async function writeAll(handle: FileHandle, chunks: readonly Uint8Array[], start: number): Promise<void> {
  let left = chunks
  let at = start
  while (left.length > 0) {
    const { bytesWritten } = await handle.writev(left, at)
    at += bytesWritten
    left = withoutFirst(left, bytesWritten)
  }
}

function withoutFirst(chunks: readonly Uint8Array[], count: number): Uint8Array[] {
  const left: Uint8Array[] = []
  let drop = count
  for (const chunk of chunks) {
    if (chunk.length > drop) left.push(drop === 0 ? chunk : chunk.subarray(drop))
    drop = Math.max(0, drop - chunk.length)
  }
  return left
}
