import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { Failure } from '../../failure.ts'
import { busyboxLayer } from './builtin-busybox.ts'
import { companionsLayer } from './builtin-companions.ts'
import { buildLayer, fingerprintOf, type LayerItem } from './builtin-layer.ts'
import { recallBuiltin, rememberBuiltin } from './builtin-memory.ts'
import { nodeLayer } from './builtin-node.ts'
import type { ContentStore } from './content-store.ts'
import { type BlobInfo, digestOf } from './digest.ts'
import type { Image } from './image.ts'
import { isObject, parseJsonObject } from './image-manifest.ts'
import { OCI_CONFIG, OCI_MANIFEST } from './media-types.ts'
import { machinePlatform } from './platform.ts'
import type { ImageReference } from './reference.ts'

/** What making a built-in image needs of an image store. */
export interface BuiltinStore {
  readonly directory: string
  find(id: string): Promise<Image | undefined>
  readonly content: Pick<ContentStore, 'has' | 'write' | 'read' | 'pathOf'>
  list(): Promise<readonly Image[]>
  addImage(image: {
    readonly manifestDigest: string
    readonly mediaType: string
    readonly name: string
  }): Promise<Image>
}

interface BuiltinOptions {
  /** The Node that becomes part of the images. */
  readonly nodePath: string
  /** Where `<program>.ts` of the companions is. */
  readonly companionsDirectory: string
}

const REGISTRY = 'peapod.local'
const COMPANIONS = ['log-agent', 'log-adapter', 'ambassador', 'wait-for', 'fetch', 'stand-in'] as const
/** Under `peapod.local/`. */
export const builtinImageNames = ['node', 'busybox', ...COMPANIONS] as const
type BuiltinImageName = (typeof builtinImageNames)[number]

const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar'
const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
/** Fingerprints of an image's layers, bottom first: how an image tells which inputs it was made from. */
const LABEL = 'local.peapod.inputs'
const MADE_AT = '1970-01-01T00:00:00Z'

/**
 * Makes an image that a reference names, from this program's own Node and companions.
 *
 * @returns undefined for a reference that is not below `peapod.local`.
 * @throws Failure ErrImagePull when there is no such built-in image or tag; SetupFailed when the machine lacks a part.
 */
export async function makeBuiltIn(reference: ImageReference, store: BuiltinStore): Promise<Image | undefined> {
  if (reference.registry !== REGISTRY) return undefined
  const name = builtinImageNames.find((each) => each === reference.repository)
  if (name === undefined || reference.tag !== 'latest' || reference.digest !== undefined) {
    const written = `${reference.repository}${reference.tag === undefined ? '' : `:${reference.tag}`}`
    throw new Failure(
      'ErrImagePull',
      `make the image "${REGISTRY}/${written}": there is none; the built-in images are ` +
        `${builtinImageNames.join(', ')}, with the tag latest or none`,
    )
  }
  const recalled = recallBuiltin(store.directory, name)
  const known = recalled === undefined ? undefined : await store.find(recalled)
  if (known?.names.includes(`${REGISTRY}/${name}:latest`) === true) return known
  return makeBuiltinImage(name, store, {
    nodePath: process.execPath,
    companionsDirectory: join(import.meta.dirname, '..', '..', 'companions'),
  })
}

/**
 * The image, from the store when it was made there of the same parts, else made anew. The same parts give the same
 * digests on every machine.
 *
 * @throws Failure SetupFailed when the machine lacks a part.
 */
export async function makeBuiltinImage(
  name: BuiltinImageName,
  store: BuiltinStore,
  options: BuiltinOptions,
): Promise<Image> {
  const wanted = (await layersOf(name, options)).map((items) => ({ items, fingerprint: fingerprintOf(items) }))
  const remember = (image: Image): Image => {
    const folders = [import.meta.dirname, ...(isCompanion(name) ? [options.companionsDirectory] : [])]
    rememberBuiltin(store.directory, name, {
      imageId: image.id,
      items: wanted.flatMap(({ items }) => items),
      folders,
    })
    return image
  }
  const images = await store.list()
  const known = await knownLayers(images, store)
  const layers: BuiltLayer[] = []
  for (const { items, fingerprint } of wanted) {
    const digest = known.get(fingerprint)
    const blob =
      digest !== undefined && (await store.content.has(digest))
        ? { digest, sizeBytes: (await stat(store.content.pathOf(digest))).size }
        : await store.content.write(buildLayer(items))
    layers.push({ fingerprint, ...blob })
  }
  const config = Buffer.from(JSON.stringify(buildConfig(name, layers)))
  const fullName = `${REGISTRY}/${name}:latest`
  const present = images.find((image) => image.id === digestOf(config) && image.names.includes(fullName))
  if (present?.layerDirs.every((directory) => existsSync(directory)) === true) return remember(present)
  const configBlob = await writeBytes(config, store)
  const manifest = await writeBytes(Buffer.from(JSON.stringify(buildManifest(configBlob, layers))), store)
  return remember(await store.addImage({ manifestDigest: manifest.digest, mediaType: OCI_MANIFEST, name: fullName }))
}

interface BuiltLayer extends BlobInfo {
  readonly fingerprint: string
}

/** Bottom first. */
async function layersOf(name: BuiltinImageName, options: BuiltinOptions): Promise<(readonly LayerItem[])[]> {
  const base = await busyboxLayer()
  if (name === 'busybox') return [base]
  const node = nodeLayer(options.nodePath)
  return name === 'node' ? [base, node] : [base, node, companionsLayer(options.companionsDirectory, name)]
}

/** Layers that built-in images in the store have, by the fingerprint of what they were made from. */
async function knownLayers(images: readonly Image[], store: BuiltinStore): Promise<ReadonlyMap<string, string>> {
  const known = new Map<string, string>()
  for (const image of images) {
    if (!image.names.some((name) => name.startsWith(`${REGISTRY}/`)) || !(await store.content.has(image.id))) continue
    const bytes = Buffer.concat(await store.content.read(image.id).toArray())
    const { config, rootfs } = parseJsonObject(bytes, `config ${image.id}`)
    const labels = isObject(config) && isObject(config['Labels']) ? config['Labels'] : {}
    const fingerprints = typeof labels[LABEL] === 'string' ? labels[LABEL].split(',') : []
    const diffIds = isObject(rootfs) && Array.isArray(rootfs['diff_ids']) ? (rootfs['diff_ids'] as unknown[]) : []
    // The layers are not compressed: their diff IDs are their digests.
    for (const [index, fingerprint] of fingerprints.entries()) known.set(fingerprint, String(diffIds[index]))
  }
  return known
}

function isCompanion(name: BuiltinImageName): boolean {
  return name !== 'busybox' && name !== 'node'
}

function buildConfig(name: BuiltinImageName, layers: readonly BuiltLayer[]): unknown {
  return {
    created: MADE_AT,
    ...machinePlatform(process.arch),
    config: {
      Env: name === 'busybox' ? [PATH] : [PATH, `NODE_VERSION=${process.versions.node}`],
      ...(isCompanion(name)
        ? { Entrypoint: ['node', `/peapod/${name}.ts`] }
        : { Cmd: [name === 'node' ? 'node' : 'sh'] }),
      WorkingDir: '/',
      Labels: { [LABEL]: layers.map((layer) => layer.fingerprint).join() },
    },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest) },
    history: layers.map(() => ({ created: MADE_AT, created_by: 'peapod' })),
  }
}

function buildManifest(config: BlobInfo, layers: readonly BlobInfo[]): unknown {
  return {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: OCI_CONFIG, digest: config.digest, size: config.sizeBytes },
    layers: layers.map(({ digest, sizeBytes }) => ({ mediaType: LAYER_TYPE, digest, size: sizeBytes })),
  }
}

function writeBytes(bytes: Buffer, store: BuiltinStore): Promise<BlobInfo> {
  return store.content.write(Readable.from([bytes]) as AsyncIterable<Buffer>)
}
