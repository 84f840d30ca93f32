import { Failure } from '../../failure.ts'
import { type BlobInfo, parseDigest } from './digest.ts'
import {
  DOCKER_INDEX,
  DOCKER_MANIFEST,
  isConfigType,
  isIndexType,
  isLayerType,
  isManifestType,
  isSchema1Type,
  OCI_INDEX,
  OCI_MANIFEST,
} from './media-types.ts'
import type { Platform } from './platform.ts'

/** A reference to a blob, with what it is. */
export interface Descriptor extends BlobInfo {
  readonly mediaType: string
}

export interface IndexEntry extends Descriptor {
  readonly platform: Platform | undefined
}

export type Manifest =
  | { readonly is: 'index'; readonly mediaType: string; readonly entries: readonly IndexEntry[] }
  | {
      readonly is: 'image'
      readonly mediaType: string
      readonly config: Descriptor
      /** Bottom layer first. */
      readonly layers: readonly Descriptor[]
    }

/** The kernel mounts no overlay with more lower directories. */
const MOST_LAYERS = 500

/**
 * Reads an OCI or Docker manifest or index.
 *
 * @param what it is, for messages, such as its reference.
 * @param announcedType the Content-Type it came with; what the document says of itself counts more.
 * @throws Failure ErrImagePull when it is no image that can run here.
 */
export function parseManifest(bytes: Uint8Array, what: string, announcedType?: string): Manifest {
  const document = parseJsonObject(bytes, what)
  const mediaType = mediaTypeOf(document, what, announcedType)
  const isIndex = isIndexType(mediaType)
  if (isIndex ? document['layers'] !== undefined : document['manifests'] !== undefined) {
    // A document that is both reads differently in different programs (CVE-2021-41190).
    throw wrong(what, 'it is an index and an image manifest at once')
  }
  if (isIndex) return { is: 'index', mediaType, entries: entriesOf(document['manifests'], what) }
  const config = parseDescriptor(document['config'], `config of ${what}`)
  if (!isConfigType(config.mediaType)) {
    throw wrong(what, `it is no container image: its config has the type "${config.mediaType}"`)
  }
  return { is: 'image', mediaType, config, layers: layersOf(document['layers'], what) }
}

/** @throws Failure ErrImagePull */
export function parseJsonObject(bytes: Uint8Array, what: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw new Failure('ErrImagePull', `read the ${what}: it is not JSON`, { cause: error })
  }
  if (!isObject(value)) throw wrong(what, 'it is not a JSON object')
  return value
}

function mediaTypeOf(document: Readonly<Record<string, unknown>>, what: string, announced?: string): string {
  const said = document['mediaType'] ?? announced?.split(';')[0]?.trim()
  if (document['schemaVersion'] === 1 || (typeof said === 'string' && isSchema1Type(said))) {
    throw wrong(what, 'it has the old schema 1, which nobody can verify; push the image again with a current tool')
  }
  if (typeof said === 'string' && (isIndexType(said) || isManifestType(said))) return said
  // OCI lets a document leave its type out, and then a plain `application/json` may be all that is announced.
  const saysNothing = document['mediaType'] === undefined
  if (saysNothing && Array.isArray(document['manifests'])) return OCI_INDEX
  if (saysNothing && Array.isArray(document['layers'])) return OCI_MANIFEST
  const expected = [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_INDEX].join(', ')
  throw wrong(what, `its type is ${JSON.stringify(said)}, expected one of ${expected}`)
}

function layersOf(value: unknown, what: string): Descriptor[] {
  if (!Array.isArray(value)) throw wrong(what, 'it lists no layers')
  if (value.length > MOST_LAYERS) throw wrong(what, `it has ${value.length} layers, more than ${MOST_LAYERS}`)
  return value.map((item, index) => {
    const layer = parseDescriptor(item, `layer ${index + 1} of ${what}`)
    if (isLayerType(layer.mediaType)) return layer
    throw wrong(`layer ${index + 1} of ${what}`, `the layer type "${layer.mediaType}" is not known`)
  })
}

function entriesOf(value: unknown, what: string): IndexEntry[] {
  if (!Array.isArray(value)) throw wrong(what, 'the index lists no manifests')
  return value
    .map((item, index) => ({
      ...parseDescriptor(item, `entry ${index + 1} of ${what}`),
      platform: parsePlatform((item as Record<string, unknown>)['platform']),
    }))
    .filter((entry) => isManifestType(entry.mediaType) || isIndexType(entry.mediaType))
}

function parseDescriptor(value: unknown, what: string): Descriptor {
  if (!isObject(value)) throw wrong(what, 'it is missing')
  const { mediaType, digest, size } = value
  if (typeof mediaType !== 'string') throw wrong(what, 'it has no mediaType')
  if (typeof digest !== 'string' || parseDigest(digest) === undefined) {
    throw wrong(what, `its digest is ${JSON.stringify(digest)}, expected sha256:<64 hex digits> or sha512:<128>`)
  }
  if (!Number.isSafeInteger(size) || (size as number) < 0) throw wrong(what, `its size is ${JSON.stringify(size)}`)
  return { mediaType, digest, sizeBytes: size as number }
}

function parsePlatform(value: unknown): Platform | undefined {
  if (!isObject(value)) return undefined
  const { os, architecture, variant } = value
  if (typeof os !== 'string' || typeof architecture !== 'string') return undefined
  return { os, architecture, ...(typeof variant === 'string' ? { variant } : {}) }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wrong(what: string, why: string): Failure {
  return new Failure('ErrImagePull', `read the ${what}: ${why}`)
}
