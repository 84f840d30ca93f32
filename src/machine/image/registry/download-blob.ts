import type { BlobInfo } from '../digest.ts'
import type { HttpAnswer } from './http-transport.ts'
import type { RegistryConnection } from './registry-connection.ts'
import { answerError, ProtocolError, type Refusal, RefusedByAll, TruncatedError } from './registry-error.ts'
import { type RetryOptions, waitForRetry } from './retry.ts'

/** A connection that brought this much before it broke has earned a fresh count of retries. */
const WORTHWHILE_BYTES = 64 * 1024

export interface BlobDownload {
  /** Who has the blob, in the order in which they are asked. */
  readonly connections: readonly RegistryConnection[]
  readonly repository: string
  readonly blob: BlobInfo
  readonly offsetBytes: number
  readonly retry: RetryOptions
}

/** The bytes of a blob from an offset on. Goes on where it was when a connection breaks; checks no digest. */
export async function* downloadBlob(download: BlobDownload): AsyncGenerator<Uint8Array> {
  const { blob, retry } = download
  let position = download.offsetBytes
  let settledAt = position
  let retries = 0
  while (position < blob.sizeBytes) {
    try {
      for await (const chunk of blobFrom(download, position)) {
        position += chunk.length
        yield chunk
      }
      if (position < blob.sizeBytes) throw truncated(blob, position)
    } catch (error) {
      if (position - settledAt >= WORTHWHILE_BYTES) retries = 0
      settledAt = position
      await waitForRetry(error, retries, retry)
      retries += 1
    }
  }
}

/** One attempt. */
async function* blobFrom(download: BlobDownload, position: number): AsyncGenerator<Uint8Array> {
  const { blob } = download
  const answer = await firstAnswer(download, position)
  // Who does not know Range sends everything.
  let skip = answer.status === 200 ? position : 0
  if (answer.status === 206) checkRange(answer, position)
  for await (const chunk of answer.body()) {
    const dropped = Math.min(skip, chunk.length)
    skip -= dropped
    if (dropped < chunk.length) yield dropped === 0 ? chunk : chunk.subarray(dropped)
  }
  const announced = Number(answer.headers['content-length'] ?? Infinity) + (answer.status === 206 ? position : 0)
  if (announced < blob.sizeBytes) {
    throw new ProtocolError(
      `truncated: ${answer.url.host} has ${announced} bytes of ${blob.digest}, which should have ${blob.sizeBytes}`,
    )
  }
}

async function firstAnswer(download: BlobDownload, position: number): Promise<HttpAnswer> {
  const refusals: Refusal[] = []
  for (const connection of download.connections) {
    try {
      return await ask(connection, download, position)
    } catch (error) {
      if (download.retry.signal.aborted) throw error
      refusals.push({ host: connection.host, error })
    }
  }
  throw refusals.length === 1 ? refusals[0]?.error : new RefusedByAll(refusals)
}

async function ask(connection: RegistryConnection, download: BlobDownload, position: number): Promise<HttpAnswer> {
  const { repository, blob, retry } = download
  const answer = await connection.request({
    method: 'GET',
    path: `${repository}/blobs/${blob.digest}`,
    headers: position > 0 ? { range: `bytes=${position}-` } : {},
    signal: retry.signal,
  })
  if (answer.status === 200 || (answer.status === 206 && position > 0)) return answer
  throw await answerError(connection.host, answer)
}

function checkRange(answer: HttpAnswer, position: number): void {
  const start = /^bytes (\d+)-/.exec(answer.headers['content-range'] ?? '')?.[1]
  if (Number(start) === position) return
  answer.discard()
  throw new ProtocolError(`${answer.url.host} sent bytes from ${start ?? 'nowhere'}, asked for those from ${position}`)
}

function truncated(blob: BlobInfo, position: number): TruncatedError {
  return new TruncatedError(`${blob.digest} broke off after ${position} of ${blob.sizeBytes} bytes`)
}
