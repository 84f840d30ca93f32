import { Readable } from 'node:stream'
import { type BlobInfo, digestOf } from './digest.ts'
import { isObject, type IndexEntry, parseJsonObject, parseManifest } from './image-manifest.ts'
import type { ArchiveContent, ArchiveFiles } from './load-archive-files.ts'
import { OCI_CONFIG, OCI_INDEX, OCI_MANIFEST } from './media-types.ts'
import { choosePlatform, type Platform, printPlatform } from './platform.ts'
import { identityOf, parseReference } from './reference.ts'
import { invalidArchive } from './tar-entry.ts'
import { compressionOf } from './unpack-layer-decompress.ts'

/** One image of an archive, all of whose blobs are in the content store. */
export interface ArchivedImage {
  readonly manifestDigest: string
  readonly mediaType: string
  readonly names: readonly string[]
  /** Everything it is made of: manifest, config, layers. */
  readonly blobs: ReadonlySet<string>
}

export interface ArchiveReading {
  readonly files: ArchiveFiles
  readonly content: ArchiveContent
  readonly platform: Platform
  /** Digests of blobs that are new in the store. */
  readonly written: string[]
}

/** An index in an index in an index: nobody needs more. */
const DEEPEST_INDEX = 3
const LAYER_TYPES = {
  none: 'application/vnd.oci.image.layer.v1.tar',
  gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
} as const

/** The images of an OCI archive, one for each entry of its index.json that suits this machine. */
export async function readOciImages(index: Buffer, reading: ArchiveReading): Promise<readonly ArchivedImage[]> {
  const document = parseJsonObject(index, 'index.json of the archive')
  const parsed = parseManifest(index, 'index.json of the archive', OCI_INDEX)
  if (parsed.is !== 'index') throw invalidArchive('its index.json is no index of images')
  const names = annotatedNames(document['manifests'])
  const images: ArchivedImage[] = []
  for (const sameName of Map.groupBy(
    parsed.entries,
    (entry) => names.get(entry.digest)?.join() ?? entry.digest,
  ).values()) {
    const entry = sameName.length === 1 ? sameName[0] : choosePlatform(sameName, reading.platform)
    const image = entry && (await resolveImage(entry, reading, 0))
    if (image !== undefined) images.push({ ...image, names: names.get(entry?.digest ?? '') ?? [] })
  }
  return images
}

/** By digest, since one image with two names has two entries. */
function annotatedNames(entries: unknown): Map<string, string[]> {
  const names = new Map<string, string[]>()
  for (const entry of Array.isArray(entries) ? (entries as unknown[]) : []) {
    if (!isObject(entry) || !isObject(entry['annotations']) || typeof entry['digest'] !== 'string') continue
    const name = nameIn(entry['annotations'])
    if (name !== undefined) names.set(entry['digest'], [...(names.get(entry['digest']) ?? []), name])
  }
  return names
}

function nameIn(annotations: Readonly<Record<string, unknown>>): string | undefined {
  const whole = annotations['io.containerd.image.name']
  if (typeof whole === 'string' && whole !== '') return normalName(whole)
  const name = annotations['org.opencontainers.image.ref.name']
  // Some programs write a whole name here, others the tag alone, which names nothing.
  return typeof name === 'string' && /[/:]/.test(name) ? normalName(name) : undefined
}

function normalName(name: string): string {
  return identityOf(parseReference(name))
}

async function resolveImage(
  entry: IndexEntry,
  reading: ArchiveReading,
  depth: number,
): Promise<Omit<ArchivedImage, 'names'> | undefined> {
  const { mediaType, digest, platform } = entry
  // Attestations call themselves so.
  if (platform?.os === 'unknown') return undefined
  const manifest = parseManifest(await readBlob(digest, reading), `manifest ${digest} of the archive`, mediaType)
  if (manifest.is === 'image') {
    const blobs = new Set([digest, manifest.config.digest, ...manifest.layers.map((layer) => layer.digest)])
    for (const blob of blobs) await requireBlob(blob, reading)
    return { manifestDigest: digest, mediaType: manifest.mediaType, blobs }
  }
  const chosen = choosePlatform(manifest.entries, reading.platform)
  if (chosen === undefined || depth >= DEEPEST_INDEX) {
    throw invalidArchive(`its index ${digest} holds no image for ${printPlatform(reading.platform)}`)
  }
  return resolveImage(chosen, reading, depth + 1)
}

/** The images of an archive as `docker save` writes it. Their manifests, which such archives lack, are made here. */
export async function readDockerImages(list: Buffer, reading: ArchiveReading): Promise<readonly ArchivedImage[]> {
  const images: ArchivedImage[] = []
  for (const { config, layers, tags } of parseDockerList(list)) {
    const configBlob = blobAt(config, reading.files)
    const layerBlobs = layers.map((path) => blobAt(path, reading.files))
    const manifest = {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: descriptor(OCI_CONFIG, configBlob),
      layers: await Promise.all(
        layerBlobs.map(async (blob) => descriptor(LAYER_TYPES[await compressionAt(blob.digest, reading)], blob)),
      ),
    }
    const manifestDigest = await addBlob(Buffer.from(JSON.stringify(manifest)), reading)
    const blobs = new Set([manifestDigest, configBlob.digest, ...layerBlobs.map((blob) => blob.digest)])
    images.push({ manifestDigest, mediaType: OCI_MANIFEST, names: tags.map(normalName), blobs })
  }
  return images
}

interface DockerImage {
  readonly config: string
  readonly layers: readonly string[]
  readonly tags: readonly string[]
}

function parseDockerList(bytes: Buffer): DockerImage[] {
  let list: unknown
  try {
    list = JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    throw invalidArchive('its manifest.json is not JSON', error)
  }
  if (!Array.isArray(list)) throw invalidArchive('its manifest.json is not a list')
  return list.map((item: unknown) => {
    const { Config: config, Layers: layers, RepoTags: tags } = isObject(item) ? item : {}
    if (typeof config !== 'string' || !isTextList(layers)) {
      throw invalidArchive('its manifest.json names no "Config" or no "Layers" for an image')
    }
    return { config, layers, tags: isTextList(tags) ? tags : [] }
  })
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function descriptor(mediaType: string, { digest, sizeBytes }: BlobInfo) {
  return { mediaType, digest, size: sizeBytes }
}

function blobAt(path: string, files: ArchiveFiles): BlobInfo {
  const blob = files.blobAt(path)
  if (blob !== undefined) return blob
  throw invalidArchive(`its manifest.json names "${path}", which is not in the archive`)
}

async function compressionAt(digest: string, reading: ArchiveReading): Promise<keyof typeof LAYER_TYPES> {
  for await (const chunk of reading.content.read(digest)) return compressionOf(chunk as Buffer)
  return 'none'
}

async function addBlob(bytes: Buffer, { content, written }: ArchiveReading): Promise<string> {
  const digest = digestOf(bytes)
  if (await content.has(digest)) return digest
  await content.write(Readable.from([bytes]), { digest, sizeBytes: bytes.length })
  written.push(digest)
  return digest
}

async function requireBlob(digest: string, { content }: ArchiveReading): Promise<void> {
  if (!(await content.has(digest))) throw invalidArchive(`its blob ${digest} is missing`)
}

async function readBlob(digest: string, reading: ArchiveReading): Promise<Buffer> {
  await requireBlob(digest, reading)
  return Buffer.concat(await reading.content.read(digest).toArray())
}
