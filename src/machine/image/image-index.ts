import type { BlobInfo } from './digest.ts'
import type { Image, ImageConfig } from './image.ts'

/** What the image store knows of its images, as data. */
export interface ImageIndex {
  /** What people asked for, such as `docker.io/library/nginx:latest` or `…@sha256:…`, to the digest of a manifest. */
  readonly names: Readonly<Record<string, string>>
  /** By the digest of the manifest. */
  readonly records: Readonly<Record<string, ImageRecord>>
}

export interface ImageRecord {
  /** Digest of the config. */
  readonly id: string
  readonly manifest: BlobInfo & { readonly mediaType: string }
  readonly configSizeBytes: number
  /** Bottom layer first. */
  readonly layers: readonly LayerRecord[]
  /** `name@sha256:…`: what tags resolved to when it was pulled, the index of several platforms included. */
  readonly digests: readonly string[]
  readonly config: ImageConfig
}

export interface LayerRecord extends BlobInfo {
  readonly mediaType: string
  readonly diffId: string
}

export const EMPTY_INDEX: ImageIndex = { names: {}, records: {} }

/** @param name moves to this image, if another one has it. */
export function withImage(index: ImageIndex, record: ImageRecord, name: string | undefined): ImageIndex {
  const { digest } = record.manifest
  const before = index.records[digest]
  const digests = [...new Set([...(before?.digests ?? []), ...record.digests])]
  return {
    names: name === undefined ? index.names : { ...index.names, [name]: digest },
    records: { ...index.records, [digest]: { ...record, digests } },
  }
}

/** The record that a reference in its identity form stands for; an ID finds any record of that image. */
export function recordNamed(index: ImageIndex, identity: string): ImageRecord | undefined {
  const digest = index.names[identity]
  if (digest !== undefined) return index.records[digest]
  return Object.values(index.records).find((record) => record.digests.includes(identity) || record.id === identity)
}

/** Every record whose ID begins so, with or without `sha256:`. */
export function recordsWithId(index: ImageIndex, prefix: string): ImageRecord[] {
  const hex = prefix.replace(/^sha256:/, '')
  // Shorter ones would be taken for a typing error better than for an image.
  if (!/^[0-9a-f]{4,64}$/.test(hex)) return []
  return Object.values(index.records).filter((record) => record.id.startsWith(`sha256:${hex}`))
}

/** What people called any of these records. */
export function namesOf(index: ImageIndex, records: readonly ImageRecord[]): string[] {
  const digests = new Set(records.map((record) => record.manifest.digest))
  return Object.entries(index.names)
    .filter(([, digest]) => digests.has(digest))
    .map(([name]) => name)
}

/** Every image once, whatever the number of manifests that have it. */
export function recordsById(index: ImageIndex): Map<string, ImageRecord[]> {
  return Map.groupBy(Object.values(index.records), (record) => record.id)
}

/** @param dirOf gives the directory of an unpacked layer. */
export function imageOf(index: ImageIndex, record: ImageRecord, dirOf: (diffId: string) => string): Image {
  const records = recordsById(index).get(record.id) ?? []
  const names = namesOf(index, records)
  const digests = [...names.filter(isDigestName), ...records.flatMap((one) => one.digests)]
  return {
    id: record.id,
    names: names.filter((name) => !isDigestName(name)).sort(),
    digests: [...new Set(digests)].sort(),
    sizeBytes: record.layers.reduce((sum, layer) => sum + layer.sizeBytes, record.configSizeBytes),
    // JSON leaves out what is undefined.
    config: { ...record.config, stopSignal: record.config.stopSignal },
    layerDirs: record.layers.map((layer) => dirOf(layer.diffId)).reverse(),
  }
}

function isDigestName(name: string): boolean {
  return name.includes('@')
}

/** Blobs and layers, by digest and diff ID. */
export interface ContentList {
  readonly blobs: ReadonlySet<string>
  readonly diffIds: ReadonlySet<string>
}

/** Everything that an index needs to be on disk. */
export function contentOf(index: ImageIndex): ContentList {
  const records = Object.values(index.records)
  return {
    blobs: new Set(
      records.flatMap((record) => [record.manifest.digest, record.id, ...record.layers.map((layer) => layer.digest)]),
    ),
    diffIds: new Set(records.flatMap((record) => record.layers.map((layer) => layer.diffId))),
  }
}

/** What the first needs and the second does not. */
export function contentBetween(before: ContentList, after: ContentList): ContentList {
  return { blobs: without(before.blobs, after.blobs), diffIds: without(before.diffIds, after.diffIds) }
}

function without(all: ReadonlySet<string>, some: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...all].filter((one) => !some.has(one)))
}
