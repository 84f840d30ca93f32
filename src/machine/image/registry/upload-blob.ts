import { Readable } from 'node:stream'
import type { BlobInfo } from '../digest.ts'
import type { HttpAnswer } from './http-transport.ts'
import type { RegistryConnection } from './registry-connection.ts'
import { answerError, ProtocolError } from './registry-error.ts'
import { type RetryOptions, waitForRetry, withRetry } from './retry.ts'

/** What `chunkBytes` is when nobody says otherwise. */
const CHUNK_BYTES = 64 * 1024 * 1024

export interface BlobUpload {
  readonly connection: RegistryConnection
  readonly repository: string
  readonly blob: BlobInfo
  /** Repositories of the same registry that may have the blob already. */
  readonly mountFrom: readonly string[]
  /** The blob's bytes, `end` not included. */
  readonly read: (start: number, end: number) => Readable
  readonly retry: RetryOptions
  /** A larger blob goes in chunks of this size, each of which can be sent again on its own. */
  readonly chunkBytes?: number
  readonly onProgress: (doneBytes: number) => void
}

/**
 * Sees to it that a repository has a blob.
 *
 * @returns how it came to have it.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#push
 */
export async function uploadBlob(upload: BlobUpload): Promise<'exists' | 'mounted' | 'uploaded'> {
  if (await withRetry(() => isThere(upload), upload.retry)) return 'exists'
  for (const repository of upload.mountFrom) {
    const mounted = await withRetry(() => mount(upload, repository), upload.retry)
    if (mounted) return 'mounted'
  }
  if (upload.blob.sizeBytes <= (upload.chunkBytes ?? CHUNK_BYTES))
    await withRetry(() => sendWhole(upload), upload.retry)
  else await sendInChunks(upload)
  return 'uploaded'
}

async function isThere({ connection, repository, blob, retry }: BlobUpload): Promise<boolean> {
  const path = `${repository}/blobs/${blob.digest}`
  const answer = await connection.request({ method: 'HEAD', path, signal: retry.signal })
  answer.discard()
  if (answer.status === 200) return true
  if (answer.status === 404) return false
  throw await answerError(connection.host, answer)
}

async function mount({ connection, repository, blob, retry }: BlobUpload, from: string): Promise<boolean> {
  const path = `${repository}/blobs/uploads/?mount=${blob.digest}&from=${encodeURIComponent(from)}`
  const answer = await connection.request({ method: 'POST', path, signal: retry.signal })
  answer.discard()
  // 202: the registry began an upload instead, which times out there. Others answer 401 or 404 to what they don't know.
  return answer.status === 201
}

async function startUpload({ connection, repository, retry }: BlobUpload): Promise<URL> {
  const path = `${repository}/blobs/uploads/`
  const headers = { 'content-length': '0' }
  const answer = await connection.request({ method: 'POST', path, headers, signal: retry.signal })
  if (answer.status !== 202) throw await answerError(connection.host, answer)
  answer.discard()
  return locationOf(answer)
}

async function sendWhole(upload: BlobUpload): Promise<void> {
  const location = await startUpload(upload)
  await finish(upload, location, upload.blob.sizeBytes)
}

/** Goes on at the last chunk when one fails; begins anew when the registry has forgotten the upload. */
async function sendInChunks(upload: BlobUpload): Promise<void> {
  const { blob, connection, retry, chunkBytes = CHUNK_BYTES } = upload
  let location = await withRetry(() => startUpload(upload), retry)
  let position = 0
  let retries = 0
  while (position < blob.sizeBytes) {
    const end = Math.min(position + chunkBytes, blob.sizeBytes)
    try {
      const answer = await sendPart(upload, location, { method: 'PATCH', start: position, end })
      if (answer.status !== 202) throw await answerError(connection.host, answer)
      answer.discard()
      location = locationOf(answer)
      position = end
      retries = 0
    } catch (error) {
      await waitForRetry(error, retries, retry)
      retries += 1
      const state = await withRetry(() => uploadState(upload, location), retry)
      location = state?.location ?? (await withRetry(() => startUpload(upload), retry))
      position = state?.receivedBytes ?? 0
    }
  }
  await withRetry(() => finish(upload, location, 0), retry)
}

/** The last request: with all bytes of a small blob, or with none after the chunks. */
async function finish(upload: BlobUpload, location: URL, sizeBytes: number): Promise<void> {
  const url = new URL(location)
  url.searchParams.set('digest', upload.blob.digest)
  const answer = await sendPart(upload, url, { method: 'PUT', start: 0, end: sizeBytes })
  if (answer.status !== 201 && answer.status !== 204) throw await answerError(upload.connection.host, answer)
  answer.discard()
}

interface Part {
  readonly method: 'PATCH' | 'PUT'
  readonly start: number
  readonly end: number
}

function sendPart(upload: BlobUpload, url: URL, { method, start, end }: Part): Promise<HttpAnswer> {
  const range: Record<string, string> = method === 'PATCH' ? { 'content-range': `${start}-${end - 1}` } : {}
  return upload.connection.request({
    method,
    path: url,
    headers: { 'content-type': 'application/octet-stream', 'content-length': String(end - start), ...range },
    signal: upload.retry.signal,
    ...(end > start ? { body: () => counted(upload, start, end) } : {}),
  })
}

function counted(upload: BlobUpload, start: number, end: number): Readable {
  return Readable.from(count(), { objectMode: false })

  async function* count(): AsyncGenerator<Uint8Array> {
    let doneBytes = start
    for await (const chunk of upload.read(start, end) as AsyncIterable<Uint8Array>) {
      yield chunk
      doneBytes += chunk.length
      upload.onProgress(doneBytes)
    }
  }
}

/** How much of an upload arrived, or undefined when the registry does not know it any more. */
async function uploadState(
  { connection, retry }: BlobUpload,
  location: URL,
): Promise<{ readonly location: URL; readonly receivedBytes: number } | undefined> {
  const answer = await connection.request({ method: 'GET', path: location, signal: retry.signal })
  if (answer.status === 404) {
    answer.discard()
    return undefined
  }
  if (answer.status !== 204) throw await answerError(connection.host, answer)
  answer.discard()
  const last = /^(?:bytes=)?0-(\d+)$/.exec(answer.headers.range ?? '')?.[1]
  return { location: locationOf(answer, location), receivedBytes: last === undefined ? 0 : Number(last) + 1 }
}

function locationOf(answer: HttpAnswer, before?: URL): URL {
  const { location } = answer.headers
  if (location === undefined && before !== undefined) return before
  const url = location === undefined ? null : URL.parse(location, answer.url)
  if (url !== null && /^https?:$/.test(url.protocol)) return url
  throw new ProtocolError(
    `${answer.url.host} began an upload without saying where: Location ${JSON.stringify(location)}`,
  )
}
