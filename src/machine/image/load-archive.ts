import { createReadStream } from 'node:fs'
import { Failure, type FailureReason, messageOf } from '../../failure.ts'
import type { Image } from './image.ts'
import { type ArchiveContent, readArchiveFiles } from './load-archive-files.ts'
import { type ArchivedImage, type ArchiveReading, readDockerImages, readOciImages } from './load-archive-plan.ts'
import { machinePlatform } from './platform.ts'
import { invalidArchive } from './tar-entry.ts'
import { abortable } from './unpack-layer-abortable.ts'
import { decompress } from './unpack-layer-decompress.ts'
import { UnpackMeter } from './unpack-layer-limits.ts'

/** What loading needs of an image store. */
export interface LoadingStore {
  readonly content: ArchiveContent
  list(): Promise<readonly Image[]>
  addImage(image: {
    readonly manifestDigest: string
    readonly mediaType: string
    readonly name?: string
    readonly signal?: AbortSignal
  }): Promise<Image>
  remove(id: string): Promise<unknown>
}

const READ_BYTES = 1024 * 1024

/**
 * Brings the images of an archive into the store: what `docker save` writes, old and new, or an OCI layout in a tar;
 * plain or compressed as a whole. Every blob is verified. An image is named only when all of them are unpacked.
 *
 * @param source the archive, or the path of its file.
 * @returns each image once, in the archive's order.
 * @throws Failure ImageArchiveInvalid, and then no image, name or blob of it is in the store; Interrupted after an abort.
 */
export async function loadArchive(
  source: AsyncIterable<Uint8Array> | string,
  store: LoadingStore,
  signal: AbortSignal,
): Promise<readonly Image[]> {
  const what = typeof source === 'string' ? `load the archive "${source}"` : 'load the archive'
  const written: string[] = []
  try {
    const bytes = typeof source === 'string' ? createReadStream(source, { highWaterMark: READ_BYTES }) : source
    const images = await readImages(abortable(bytes, signal), store.content, written)
    const loaded = await addAll(images, store, signal)
    const needed = new Set(images.flatMap((image) => [...image.blobs]))
    await removeBlobs(
      written.filter((digest) => !needed.has(digest)),
      store,
    )
    return loaded
  } catch (error) {
    await removeBlobs(written, store)
    if (signal.aborted) throw new Failure('Interrupted', `${what}: stopped before its end`, { cause: signal.reason })
    throw new Failure(reasonOf(error), `${what}: ${messageOf(error)}`, { cause: error })
  }
}

async function readImages(
  source: AsyncIterable<Uint8Array>,
  content: ArchiveContent,
  written: string[],
): Promise<readonly ArchivedImage[]> {
  const meter = new UnpackMeter()
  const bytes = meter.countUnpacked(decompress(meter.countCompressed(source)))
  const files = await readArchiveFiles(bytes, content, written)
  const reading: ArchiveReading = { files, content, written, platform: machinePlatform(process.arch) }
  const index = files.documents.get('index.json')
  const list = files.documents.get('manifest.json')
  if (index === undefined && list === undefined) {
    throw invalidArchive(
      'it is no image archive: it holds neither index.json (OCI) nor manifest.json (docker save); ' +
        'an archive of a file system has to become an image first',
    )
  }
  const images = index === undefined ? [] : await readOciImages(index, reading)
  // Newer archives of `docker save` are both at once, and hold the same images twice.
  return images.length > 0 || list === undefined ? images : readDockerImages(list, reading)
}

/** First everything without names, so that a bad layer in the last image leaves all names where they were. */
async function addAll(
  images: readonly ArchivedImage[],
  store: LoadingStore,
  signal: AbortSignal,
): Promise<readonly Image[]> {
  if (images.length === 0) throw invalidArchive('it holds no image for this machine')
  const before = new Set((await store.list()).map((image) => image.id))
  const added = new Map<string, Image>()
  try {
    for (const { manifestDigest, mediaType } of images) {
      const image = await store.addImage({ manifestDigest, mediaType, signal })
      added.set(image.id, image)
    }
  } catch (error) {
    for (const id of added.keys()) if (!before.has(id)) await store.remove(id)
    throw error
  }
  for (const { manifestDigest, mediaType, names } of images) {
    for (const name of names) {
      const image = await store.addImage({ manifestDigest, mediaType, name, signal })
      added.set(image.id, image)
    }
  }
  return [...added.values()]
}

async function removeBlobs(digests: readonly string[], store: LoadingStore): Promise<void> {
  for (const digest of digests) await store.content.remove(digest)
}

/** What would be a bad answer of a registry is a bad archive here. */
function reasonOf(error: unknown): FailureReason {
  if (!(error instanceof Failure)) return 'ImageArchiveInvalid'
  return error.reason === 'ErrImagePull' || error.reason === 'InvalidImageName' ? 'ImageArchiveInvalid' : error.reason
}
