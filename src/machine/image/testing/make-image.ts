import { gzipSync, zstdCompressSync } from 'node:zlib'
import { digestOf } from '../digest.ts'
import { DOCKER_CONFIG, DOCKER_MANIFEST, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST } from '../media-types.ts'
import { NO_XATTRS } from '../tar-entry.ts'
import { ARCHIVE_END, buildTarHeader, buildTarPadding } from '../tar-writer.ts'

/** An image in memory, as a registry would hold it. */
export interface TestImage {
  readonly mediaType: string
  readonly digest: string
  readonly id: string
  /** Bottom first. */
  readonly layerDigests: readonly string[]
  readonly diffIds: readonly string[]
  readonly manifest: Buffer
  /** By digest, manifest not included. */
  readonly blobs: ReadonlyMap<string, Buffer>
}

type Compression = 'gzip' | 'zstd' | 'none'

/** Path to content of each file in a layer. */
export type TestLayer = Readonly<Record<string, string | Buffer>>

export interface TestImageOptions {
  readonly style?: 'oci' | 'docker'
  readonly compression?: Compression
  readonly config?: Readonly<Record<string, unknown>>
  /** What the config claims, where it is not the truth. */
  readonly diffIds?: readonly string[]
}

export function makeImage(layers: readonly TestLayer[], options: TestImageOptions = {}): TestImage {
  const { style = 'oci', compression = 'gzip' } = options
  const tars = layers.map(tarOf)
  const packed = tars.map((tar) => compress(tar, compression))
  const diffIds = tars.map((tar) => digestOf(tar))
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: { Cmd: ['/hello'], ...options.config },
      rootfs: { type: 'layers', diff_ids: options.diffIds ?? diffIds },
    }),
  )
  const mediaType = style === 'oci' ? OCI_MANIFEST : DOCKER_MANIFEST
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType,
      config: descriptor(config, style === 'oci' ? OCI_CONFIG : DOCKER_CONFIG),
      layers: packed.map((layer) => descriptor(layer, layerType(style, compression))),
    }),
  )
  return {
    mediaType,
    digest: digestOf(manifest),
    id: digestOf(config),
    layerDigests: packed.map((layer) => digestOf(layer)),
    diffIds,
    manifest,
    blobs: new Map([config, ...packed].map((blob) => [digestOf(blob), blob])),
  }
}

/** An index over images, each for its platform such as `linux/arm/v7`. */
export function makeIndex(images: Readonly<Record<string, TestImage>>): {
  readonly digest: string
  readonly bytes: Buffer
} {
  const manifests = Object.entries(images).map(([platform, image]) => {
    const [os, architecture, variant] = platform.split('/')
    return { ...descriptor(image.manifest, image.mediaType), platform: { os, architecture, variant } }
  })
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }))
  return { digest: digestOf(bytes), bytes }
}

function descriptor(bytes: Buffer, mediaType: string) {
  return { mediaType, digest: digestOf(bytes), size: bytes.length }
}

function tarOf(layer: TestLayer): Buffer {
  const parts = Object.entries(layer).flatMap(([path, content]) => {
    const bytes = Buffer.from(content)
    const entry = {
      type: 'file',
      name: path,
      linkName: '',
      mode: 0o755,
      uid: 0,
      gid: 0,
      sizeBytes: bytes.length,
      mtimeSeconds: 1_700_000_000,
      mtimeNanoseconds: 0,
      xattrs: NO_XATTRS,
    } as const
    return [buildTarHeader(entry), bytes, buildTarPadding(bytes.length)]
  })
  return Buffer.concat([...parts, ARCHIVE_END])
}

function compress(tar: Buffer, compression: Compression): Buffer {
  if (compression === 'gzip') return gzipSync(tar, { level: 1 })
  return compression === 'zstd' ? zstdCompressSync(tar) : tar
}

function layerType(style: 'oci' | 'docker', compression: Compression): string {
  const suffix = compression === 'none' ? '' : `${style === 'oci' ? '+' : '.'}${compression}`
  const base =
    style === 'oci' ? 'application/vnd.oci.image.layer.v1.tar' : 'application/vnd.docker.image.rootfs.diff.tar'
  return `${base}${suffix}`
}
