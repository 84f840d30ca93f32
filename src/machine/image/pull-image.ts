import { Failure, messageOf } from '../../failure.ts'
import type { ContentStore } from './content-store.ts'
import type { PullProgress } from './image.ts'
import type { BlobInfo } from './digest.ts'
import type { ImageRecord } from './image-index.ts'
import type { Manifest } from './image-manifest.ts'
import { recordOf } from './image-record.ts'
import type { Platform } from './platform.ts'
import { type LayerSource, pullLayer } from './pull-layer.ts'
import { type ImageReference, printReference, repositoryName } from './reference.ts'
import { downloadBlob } from './registry/download-blob.ts'
import { MOST_MANIFEST_BYTES } from './registry/fetch-manifest.ts'
import { connectAll, type RegistryAccess } from './registry/registry-access.ts'
import { RefusedByAll } from './registry/registry-error.ts'
import { registryFailure } from './registry/registry-failure.ts'
import { resolveImage, type ResolvedImage } from './resolve-image.ts'
import { runLimited } from './run-limited.ts'
import type { Audience, SharedWork } from './shared-work.ts'
import type { UnpackedLayers } from './unpacked-layers.ts'

export interface PullParts {
  readonly registries: RegistryAccess
  readonly content: ContentStore
  readonly layers: UnpackedLayers
  readonly platform: Platform
  readonly layersAtOnce: number
  /** Layers that several images of this process are being pulled for. */
  readonly sharedLayers: SharedWork<PullProgress, void>
}

/**
 * Brings an image here: all blobs and unpacked layers, but no name yet.
 *
 * @throws Failure ErrImagePull | RegistryUnavailable | Interrupted
 */
export async function pullImage(
  reference: ImageReference,
  parts: PullParts,
  caller: Audience<PullProgress>,
): Promise<ImageRecord> {
  try {
    const resolved = await resolveImage(reference, {
      connections: connectAll(reference, parts.registries),
      platform: parts.platform,
      content: parts.content,
      retry: {
        policy: parts.registries.retry,
        signal: caller.signal,
        wasReached: false,
        onRetry: (attempt, error) =>
          caller.onProgress({ is: 'retry', digest: printReference(reference), attempt, message: messageOf(error) }),
      },
    })
    return await pullResolved(reference, resolved, parts, caller)
  } catch (error) {
    throw pullFailure(reference, error, caller.signal)
  }
}

async function pullResolved(
  reference: ImageReference,
  resolved: ResolvedImage,
  parts: PullParts,
  caller: Audience<PullProgress>,
): Promise<ImageRecord> {
  const { digest, bytes, manifest, topDigest } = resolved
  const { content } = parts
  const source: LayerSource = {
    ...parts,
    connections: resolved.connections,
    repository: reference.repository,
    retry: parts.registries.retry,
  }
  const layerSizes = uniqueBy(manifest.layers, (layer) => layer.digest)
  caller.onProgress({ is: 'resolved', reference: printReference(reference), digest, layers: layerSizes.map(sizeOf) })
  if (!(await content.has(digest))) await content.write(oneChunk(bytes), { digest })
  const record = recordOf(manifest, await pullConfig(manifest, source, caller.signal), {
    digest,
    sizeBytes: bytes.length,
    what: printReference(reference),
  })
  const layers = uniqueBy(record.layers, (layer) => `${layer.digest} ${layer.diffId}`)
  await runLimited(layers, { limit: parts.layersAtOnce, signal: caller.signal }, (layer, signal) =>
    parts.sharedLayers.run(`pull layer ${layer.digest} ${layer.diffId}`, { ...caller, signal }, (all) =>
      pullLayer(layer, source, all),
    ),
  )
  const repository = repositoryName(reference)
  return { ...record, digests: [...new Set([topDigest, digest])].map((one) => `${repository}@${one}`) }
}

async function pullConfig(
  manifest: Manifest & { readonly is: 'image' },
  source: LayerSource,
  signal: AbortSignal,
): Promise<Buffer> {
  const { config } = manifest
  if (config.sizeBytes > MOST_MANIFEST_BYTES) {
    const limit = `more than ${MOST_MANIFEST_BYTES}`
    throw new Failure('ErrImagePull', `read the config ${config.digest}: it has ${config.sizeBytes} bytes, ${limit}`)
  }
  if (!(await source.content.has(config.digest))) {
    const retry = { policy: source.retry, signal, wasReached: true }
    const bytes = downloadBlob({ ...source, blob: config, offsetBytes: 0, retry })
    await source.content.write(bytes, config)
  }
  return Buffer.concat(await source.content.read(config.digest).toArray())
}

function pullFailure(reference: ImageReference, error: unknown, signal: AbortSignal): Failure {
  const name = printReference(reference)
  const what = `pull "${name}"`
  if (signal.aborted) {
    return new Failure('Interrupted', `${what}: stopped before its end`, { cause: signal.reason })
  }
  if (error instanceof RefusedByAll) return registryFailure(what, reference, error.refusals)
  if (error instanceof Failure) return new Failure('ErrImagePull', `${what}: ${error.message}`, { cause: error })
  return registryFailure(what, reference, [{ host: reference.registry, error }])
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes)
}

function sizeOf({ digest, sizeBytes }: BlobInfo): BlobInfo {
  return { digest, sizeBytes }
}

function uniqueBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Item[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()]
}
