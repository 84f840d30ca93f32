import { Failure } from '../../failure.ts'
import { parseImageConfig } from './image-config.ts'
import type { ImageRecord, LayerRecord } from './image-index.ts'
import type { Manifest } from './image-manifest.ts'

/**
 * What the store remembers of an image.
 *
 * @throws Failure ErrImagePull when manifest and config do not fit each other.
 */
export function recordOf(
  manifest: Manifest & { readonly is: 'image' },
  configBytes: Uint8Array,
  blob: { readonly digest: string; readonly sizeBytes: number; readonly what: string },
): ImageRecord {
  const { config, diffIds } = parseImageConfig(configBytes, blob.what)
  if (diffIds.length !== manifest.layers.length) {
    throw new Failure(
      'ErrImagePull',
      `read the config of ${blob.what}: it lists ${diffIds.length} layers, the manifest ${manifest.layers.length}`,
    )
  }
  if (config.os !== '' && config.os !== 'linux') {
    throw new Failure('ErrImagePull', `read the config of ${blob.what}: it is an image for ${config.os}, not linux`)
  }
  return {
    id: manifest.config.digest,
    manifest: { digest: blob.digest, sizeBytes: blob.sizeBytes, mediaType: manifest.mediaType },
    configSizeBytes: manifest.config.sizeBytes,
    layers: manifest.layers.map((layer, index): LayerRecord => ({ ...layer, diffId: diffIds[index] ?? '' })),
    digests: [],
    config,
  }
}
