import { createReadStream } from 'node:fs'
import { Failure, messageOf } from '../../failure.ts'
import type { ContentStore } from './content-store.ts'
import type { BlobInfo } from './digest.ts'
import type { ImageRecord } from './image-index.ts'
import { type ImageReference, parseReference, printReference } from './reference.ts'
import { connectForPush, type RegistryAccess } from './registry/registry-access.ts'
import type { RegistryConnection } from './registry/registry-connection.ts'
import { answerError } from './registry/registry-error.ts'
import { registryFailure } from './registry/registry-failure.ts'
import { type RetryOptions, withRetry } from './registry/retry.ts'
import { uploadBlob } from './registry/upload-blob.ts'
import { runLimited } from './run-limited.ts'
import type { Audience } from './shared-work.ts'

const READ_BYTES = 1024 * 1024

/** What a push tells as it goes. */
export type PushProgress =
  | {
      readonly is: 'blob'
      readonly digest: string
      readonly doneBytes: number
      readonly totalBytes: number
      readonly step: 'upload' | 'exists' | 'mounted' | 'done'
    }
  | { readonly is: 'retry'; readonly digest: string; readonly attempt: number; readonly message: string }

export interface PushParts {
  readonly registries: RegistryAccess
  readonly content: ContentStore
  readonly blobsAtOnce: number
}

/**
 * Sends an image to a registry, under the tag of the reference.
 *
 * @returns digest of the manifest that the registry has now.
 * @throws Failure ErrImagePull (the registry refused it) | RegistryUnavailable | Interrupted
 */
export async function pushImage(
  record: ImageRecord,
  to: ImageReference,
  parts: PushParts,
  caller: Audience<PushProgress>,
): Promise<string> {
  const what = `push "${printReference(to)}"`
  try {
    const mountFrom = repositoriesBeside(record, to)
    const connection = connectForPush(to, parts.registries, mountFrom)
    const blobs = new Map<string, BlobInfo>(record.layers.map((layer) => [layer.digest, layer]))
    blobs.set(record.id, { digest: record.id, sizeBytes: record.configSizeBytes })
    const limits = { limit: parts.blobsAtOnce, signal: caller.signal }
    await runLimited([...blobs.values()], limits, (blob, signal) =>
      pushBlob(blob, { connection, to, parts, mountFrom, caller: { ...caller, signal } }),
    )
    await pushManifest(record, { connection, to, parts, mountFrom, caller })
    return record.manifest.digest
  } catch (error) {
    if (caller.signal.aborted) {
      throw new Failure('Interrupted', `${what}: stopped before its end`, { cause: caller.signal.reason })
    }
    if (error instanceof Failure) throw new Failure(error.reason, `${what}: ${error.message}`, { cause: error })
    throw registryFailure(what, to, [{ host: to.registry, error }])
  }
}

interface Push {
  readonly connection: RegistryConnection
  readonly to: ImageReference
  readonly parts: PushParts
  readonly mountFrom: readonly string[]
  readonly caller: Audience<PushProgress>
}

async function pushBlob(blob: BlobInfo, push: Push): Promise<void> {
  const { connection, to, parts, mountFrom, caller } = push
  const tell = (step: 'upload' | 'exists' | 'mounted' | 'done', doneBytes: number) =>
    caller.onProgress({ is: 'blob', digest: blob.digest, totalBytes: blob.sizeBytes, step, doneBytes })
  const path = parts.content.pathOf(blob.digest)
  const came = await uploadBlob({
    connection,
    repository: to.repository,
    blob,
    mountFrom,
    read: (start, end) => createReadStream(path, { start, end: end - 1, highWaterMark: READ_BYTES }),
    retry: retryOptions(push, blob.digest),
    onProgress: (doneBytes) => tell('upload', doneBytes),
  })
  tell(came === 'uploaded' ? 'done' : came, blob.sizeBytes)
}

async function pushManifest(record: ImageRecord, push: Push): Promise<void> {
  const { connection, to, parts, caller } = push
  const { digest, mediaType } = record.manifest
  const bytes = Buffer.concat(await parts.content.read(digest).toArray())
  await withRetry(
    async () => {
      const answer = await connection.request({
        method: 'PUT',
        path: `${to.repository}/manifests/${to.tag ?? digest}`,
        headers: { 'content-type': mediaType, 'content-length': String(bytes.length) },
        body: () => bytes,
        signal: caller.signal,
      })
      if (answer.status !== 201) throw await answerError(connection.host, answer)
      answer.discard()
    },
    retryOptions(push, digest),
  )
}

function retryOptions({ parts, caller }: Push, digest: string): RetryOptions {
  return {
    policy: parts.registries.retry,
    signal: caller.signal,
    wasReached: false,
    onRetry: (attempt, error) => caller.onProgress({ is: 'retry', digest, attempt, message: messageOf(error) }),
  }
}

/** Other repositories of the same registry that the image was pulled from. */
function repositoriesBeside(record: ImageRecord, to: ImageReference): string[] {
  const sources = record.digests.map(parseReference).filter((source) => source.registry === to.registry)
  return [...new Set(sources.map((source) => source.repository))].filter((repository) => repository !== to.repository)
}
