import { existsSync } from 'node:fs'
import { Failure } from '../../failure.ts'
import type { ContentStore } from './content-store.ts'
import { contentOf, type ImageRecord, withImage } from './image-index.ts'
import type { ImageIndexFile } from './image-index-file.ts'
import { parseManifest } from './image-manifest.ts'
import { recordOf } from './image-record.ts'
import { runLimited } from './run-limited.ts'
import type { UnpackedLayers } from './unpacked-layers.ts'

export interface StoreParts {
  readonly content: ContentStore
  readonly layers: UnpackedLayers
  readonly indexFile: ImageIndexFile
  readonly layersAtOnce: number
}

/**
 * Unpacks what is missing of an image whose blobs are all here.
 *
 * @throws Failure ErrImagePull | ImageArchiveInvalid
 */
export async function unpackImage(
  manifest: { readonly digest: string; readonly mediaType: string },
  parts: StoreParts,
  signal: AbortSignal,
): Promise<ImageRecord> {
  const { content, layers, layersAtOnce } = parts
  const bytes = await readBlob(content, manifest.digest)
  const parsed = parseManifest(bytes, `manifest ${manifest.digest}`, manifest.mediaType)
  if (parsed.is === 'index') {
    throw new Failure('ErrImagePull', `add the image ${manifest.digest}: it is an index; choose one of its manifests`)
  }
  const record = recordOf(parsed, await readBlob(content, parsed.config.digest), {
    digest: manifest.digest,
    sizeBytes: bytes.length,
    what: `image ${manifest.digest}`,
  })
  const missing = [...new Map(record.layers.map((layer) => [layer.diffId, layer])).values()].filter(
    (layer) => !layers.has(layer.diffId),
  )
  await runLimited(missing, { limit: layersAtOnce, signal }, (layer, stop) =>
    layers.add(layer, content.read(layer.digest), stop),
  )
  return record
}

async function readBlob(content: ContentStore, digest: string): Promise<Buffer> {
  if (await content.has(digest)) return Buffer.concat(await content.read(digest).toArray())
  throw new Failure('ErrImagePull', `add an image: its blob ${digest} is not in the store`)
}

/**
 * Makes an image known, if all of it is still here: somebody may have cleaned up while it came.
 *
 * @returns false when something is missing.
 */
export function commitImage(
  record: ImageRecord,
  name: string | undefined,
  parts: StoreParts,
  signal: AbortSignal,
): Promise<boolean> {
  return parts.indexFile.update(signal, (index) => {
    const { blobs, diffIds } = contentOf({ names: {}, records: { [record.manifest.digest]: record } })
    const isWhole =
      [...blobs].every((digest) => existsSync(parts.content.pathOf(digest))) && [...diffIds].every(parts.layers.has)
    return Promise.resolve({ index: isWhole ? withImage(index, record, name) : index, result: isWhole })
  })
}
