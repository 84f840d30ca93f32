import { Failure } from '../../failure.ts'
import type { ContentStore } from './content-store.ts'
import type { BlobInfo } from './digest.ts'
import type { Image } from './image.ts'
import { type Descriptor, parseManifest } from './image-manifest.ts'
import { OCI_INDEX } from './media-types.ts'
import { identityOf, parseReference } from './reference.ts'
import { nameFromText, NO_XATTRS, type TarEntry } from './tar-entry.ts'
import { ARCHIVE_END, buildTarHeader, buildTarPadding } from './tar-writer.ts'

export type ArchiveFormat = 'oci-archive' | 'docker-archive'

/** What saving needs of an image store. */
export interface SavingStore {
  readonly content: Pick<ContentStore, 'read'>
  find(reference: string): Promise<Image | undefined>
  /** The manifest that an image has here, by any name of it or its ID. */
  manifestOf(reference: string): Promise<Descriptor | undefined>
}

interface SavedImage {
  readonly manifest: Descriptor
  readonly config: BlobInfo
  readonly layers: readonly BlobInfo[]
  readonly names: readonly string[]
}

/**
 * Writes images into one archive. The same images give the same bytes.
 *
 * @param references as for `find`; an image given by its ID has no name in the archive.
 * @param format `docker-archive` is an OCI archive with Docker's list beside the index, as `docker save` has written it
 *   since version 25; older Docker and podman read it too, and so does everything that reads OCI archives.
 * @returns the bytes of an uncompressed tar.
 * @throws Failure NotFound, Interrupted
 */
export async function* saveArchive(
  references: readonly string[],
  store: SavingStore,
  signal: AbortSignal,
  format: ArchiveFormat = 'docker-archive',
): AsyncGenerator<Buffer, void, void> {
  const images = await findImages(references, store)
  yield* document('oci-layout', { imageLayoutVersion: '1.0.0' })
  yield* document('index.json', buildIndex(images))
  if (format === 'docker-archive') yield* document('manifest.json', images.map(dockerItem))
  const blobs = new Map(
    images.flatMap(({ manifest, config, layers }) => [manifest, config, ...layers]).map((blob) => [blob.digest, blob]),
  )
  for (const [digest, blob] of [...blobs].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (signal.aborted)
      throw new Failure('Interrupted', 'save images: stopped before the end', { cause: signal.reason })
    yield buildTarHeader(fileEntry(blobPath(digest), blob.sizeBytes))
    yield* store.content.read(digest) as AsyncIterable<Buffer>
    yield buildTarPadding(blob.sizeBytes)
  }
  yield ARCHIVE_END
}

async function findImages(references: readonly string[], store: SavingStore): Promise<readonly SavedImage[]> {
  const images = new Map<string, SavedImage>()
  for (const reference of references) {
    const found = await store.find(reference)
    const manifest = found && (await store.manifestOf(reference))
    if (manifest === undefined) {
      throw new Failure('NotFound', `save "${reference}": no such image is on this machine; "image ls" lists them`)
    }
    const before = images.get(manifest.digest) ?? (await readImage(manifest, store))
    const name = isId(reference) ? [] : [identityOf(parseReference(reference))]
    images.set(manifest.digest, { ...before, names: [...new Set([...before.names, ...name])] })
  }
  return [...images.values()]
}

async function readImage(manifest: Descriptor, store: SavingStore): Promise<SavedImage> {
  const bytes = Buffer.concat(await store.content.read(manifest.digest).toArray())
  const parsed = parseManifest(bytes, `manifest ${manifest.digest}`, manifest.mediaType)
  if (parsed.is === 'index') throw new Failure('StateCorrupt', `save ${manifest.digest}: it is an index, not an image`)
  return { manifest, config: parsed.config, layers: parsed.layers, names: [] }
}

function isId(reference: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(reference)
}

function buildIndex(images: readonly SavedImage[]): unknown {
  return {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: images.flatMap(({ manifest, names }) => {
      const entry = { mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.sizeBytes }
      if (names.length === 0) return [entry]
      // containerd reads the one, skopeo and podman the other.
      return names.map((name) => ({
        ...entry,
        annotations: { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name },
      }))
    }),
  }
}

function dockerItem({ config, layers, names }: SavedImage): unknown {
  return {
    Config: blobPath(config.digest),
    RepoTags: names.filter((name) => !name.includes('@')),
    Layers: layers.map((layer) => blobPath(layer.digest)),
  }
}

function blobPath(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`
}

function* document(name: string, value: unknown): Generator<Buffer, void, void> {
  const bytes = Buffer.from(JSON.stringify(value))
  yield Buffer.concat([buildTarHeader(fileEntry(name, bytes.length)), bytes, buildTarPadding(bytes.length)])
}

function fileEntry(name: string, sizeBytes: number): TarEntry {
  return {
    type: 'file',
    name: nameFromText(name),
    linkName: '',
    mode: 0o644,
    uid: 0,
    gid: 0,
    sizeBytes,
    mtimeSeconds: 0,
    mtimeNanoseconds: 0,
    xattrs: NO_XATTRS,
  }
}
