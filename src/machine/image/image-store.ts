import { mkdirSync } from 'node:fs'
import { Failure } from '../../failure.ts'
import { runCommand } from '../process/run-command.ts'
import { commitImage, type StoreParts, unpackImage } from './add-image.ts'
import { type ContentStore, openContentStore } from './content-store.ts'
import type { ImageGarbagePolicy } from './compute-image-garbage.ts'
import type { Image, ImageSource, PullProgress } from './image.ts'
import { imageOf, type ImageRecord, recordNamed, recordsById } from './image-index.ts'
import { openImageIndexFile } from './image-index-file.ts'
import type { Descriptor } from './image-manifest.ts'
import type { Removal } from './image-removal.ts'
import { type ImageUses, openImageUses } from './image-uses.ts'
import { machinePlatform, type Platform } from './platform.ts'
import type { PushProgress } from './push-image.ts'
import { identityOf, type ImageReference, parseReference, printReference } from './reference.ts'
import type { CredentialsLookup } from './registry/credentials.ts'
import type { RegistriesConfig } from './registry/registries-config.ts'
import type { RegistryAccess } from './registry/registry-access.ts'
import type { RetryPolicy } from './registry/retry.ts'
import { type Caller, openSharedWork, type SharedWork } from './shared-work.ts'
import { cleanTempSpace, openTempSpace, type TempSpace } from './temp-space.ts'
import { openUnpackedLayers } from './unpacked-layers.ts'

/** The images of this machine. Several processes may have the same one open, and any of them may die at any moment. */
export interface ImageStore extends ImageSource {
  readonly directory: string
  /** Where blobs go before `addImage`. */
  readonly content: ContentStore
  list(): Promise<readonly Image[]>
  /** The manifest that an image has here, by any name of it or its ID. */
  manifestOf(reference: string): Promise<Descriptor | undefined>
  /**
   * Makes an image of blobs that are all in `content`: unpacks its layers and remembers it.
   *
   * @param image.name in any form; taken from the image that has it now. Absent: the image has no name.
   * @throws Failure ErrImagePull | ImageArchiveInvalid | InvalidImageName
   */
  addImage(image: NewImage): Promise<Image>
  /**
   * Sends an image to a registry.
   *
   * @param to another reference than the one it has here.
   * @returns digest of the manifest there.
   * @throws Failure NotFound | InvalidImageName | ErrImagePull (refused) | RegistryUnavailable
   */
  push(reference: string, to: string | undefined, caller: Caller<PushProgress>): Promise<string>
  /** A name comes off; with the last name, or by ID, the image goes. @throws Failure NotFound | Conflict | ImageInUse */
  remove(nameOrId: string, options?: { readonly force?: boolean }): Promise<Removal>
  /** @param which `dangling`: images without a name; `all`: those that no container stands on. */
  prune(which: 'dangling' | 'all'): Promise<Removal & { readonly freedBytes: number }>
  /** Removes images by the policy that the store was opened with; without one, none. */
  collectGarbage(signal: AbortSignal): Promise<void>
  diskUsageBytes(): Promise<number>
}

interface NewImage {
  readonly manifestDigest: string
  readonly mediaType: string
  readonly name?: string
  readonly signal?: AbortSignal
}

export interface ImageStoreOptions {
  readonly registries?: RegistriesConfig
  readonly credentials?: CredentialsLookup
  readonly platform?: Platform
  /** HTTP_PROXY, HTTPS_PROXY, NO_PROXY */
  readonly proxyEnv?: Readonly<Record<string, string | undefined>>
  /** IDs of the images that containers stand on: never removed. */
  readonly imagesInUse?: () => Promise<ReadonlySet<string>>
  /** Which images go by themselves, before a pull and when garbage is collected; absent: none. */
  readonly garbage?: {
    readonly policy: ImageGarbagePolicy
    /** One line of what was removed, or what kept it from being removed. */
    readonly tell: (line: string) => void
  }
  readonly nowMs?: () => number
  /** Makes an image that needs no registry, when it is first asked for; undefined: it knows none of that name. */
  readonly makeBuiltIn?: (reference: ImageReference, store: ImageStore) => Promise<Image | undefined>
  readonly retry?: RetryPolicy
  /** How long a registry may say nothing in the middle of an answer. */
  readonly silenceMs?: number
}

const LAYERS_AT_ONCE = 4
const SILENCE_MS = 60_000
/** Every time, somebody cleaned up in the middle of a pull. */
const MOST_COMMITS = 3
const NEVER = new AbortController().signal

/**
 * Opens the store of a directory, which is made when it is missing, and clears away what killed processes left.
 *
 * @throws Failure SystemCallFailed; what Node's file system throws.
 */
export async function openImageStore(directory: string, options: ImageStoreOptions = {}): Promise<ImageStore> {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const temp = openTempSpace(directory)
  await cleanTempSpace(directory, Date.now())
  return new DirectoryImageStore(directory, temp, options)
}

class DirectoryImageStore implements ImageStore {
  readonly content: ContentStore
  readonly directory: string
  readonly #temp: TempSpace
  readonly #options: ImageStoreOptions
  readonly #parts: StoreParts
  readonly #uses: ImageUses
  readonly #collections = openSharedWork<never, string>(() => '')
  #toldOfGarbage = ''
  readonly #pulls = openSharedWork<PullProgress, Image>(topicOf)
  readonly #sharedLayers: SharedWork<PullProgress, void> = openSharedWork(topicOf)
  readonly #builtIns = openSharedWork<never, Image | undefined>(() => '')
  #access: Promise<RegistryAccess> | undefined

  constructor(directory: string, temp: TempSpace, options: ImageStoreOptions) {
    this.directory = directory
    this.#temp = temp
    this.#options = options
    this.content = openContentStore(directory, temp)
    const layers = openUnpackedLayers(directory, temp)
    const indexFile = openImageIndexFile(directory, temp)
    this.#uses = openImageUses(directory)
    this.#parts = { content: this.content, layers, indexFile, layersAtOnce: LAYERS_AT_ONCE }
  }

  async find(reference: string): Promise<Image | undefined> {
    const { makeBuiltIn } = this.#options
    if (makeBuiltIn !== undefined && !isId(reference)) {
      const parsed = parseReference(reference)
      // Asked every time: what it is made of may have changed since it was made.
      const once = { signal: NEVER }
      const builtIn = await this.#builtIns.run(printReference(parsed), once, () => makeBuiltIn(parsed, this))
      if (builtIn !== undefined) return builtIn
    }
    const record = this.#recordMeant(reference)
    return record && this.#imageOf(record)
  }

  use(id: string): Promise<Image | undefined> {
    this.#uses.note(id, this.#nowMs())
    const record = this.#recordMeant(id)
    return Promise.resolve(record && this.#imageOf(record))
  }

  async pull(reference: string, caller: Caller<PullProgress>): Promise<Image> {
    const parsed = parseReference(reference)
    await this.collectGarbage(caller.signal)
    const { pullImage } = await import('./pull-image.ts')
    const parts = {
      ...this.#parts,
      registries: await this.#registries(),
      platform: this.#options.platform ?? machinePlatform(process.arch),
      sharedLayers: this.#sharedLayers,
    }
    return this.#pulls.run(`pull "${printReference(parsed)}"`, caller, (all) =>
      this.#keep(identityOf(parsed), all.signal, () => pullImage(parsed, parts, all)),
    )
  }

  async addImage({ manifestDigest, mediaType, name, signal = NEVER }: NewImage): Promise<Image> {
    const identity = name === undefined ? undefined : identityOf(parseReference(name))
    const manifest = { digest: manifestDigest, mediaType }
    return this.#keep(identity, signal, () => unpackImage(manifest, this.#parts, signal))
  }

  async push(reference: string, to: string | undefined, caller: Caller<PushProgress>): Promise<string> {
    const record = (await this.find(reference)) && this.#recordMeant(reference)
    if (record === undefined) {
      throw new Failure('NotFound', `push "${reference}": no such image is on this machine; "image ls" lists them`)
    }
    const { pushImage } = await import('./push-image.ts')
    const parts = { registries: await this.#registries(), content: this.content, blobsAtOnce: LAYERS_AT_ONCE }
    const { onProgress = () => undefined, signal } = caller
    return pushImage(record, parseReference(to ?? reference), parts, { onProgress, signal })
  }

  list(): Promise<readonly Image[]> {
    const { indexFile, layers } = this.#parts
    const index = indexFile.read()
    const images = [...recordsById(index).values()].flatMap((same) => same.slice(0, 1))
    return Promise.resolve(images.map((record) => imageOf(index, record, layers.dirOf)))
  }

  manifestOf(reference: string): Promise<Descriptor | undefined> {
    return Promise.resolve(this.#recordMeant(reference)?.manifest)
  }

  async remove(nameOrId: string, { force = false } = {}): Promise<Removal> {
    const { removeImage } = await import('./remove-image.ts')
    return removeImage(nameOrId, this.#parts, { inUse: () => this.#inUse(), force, signal: NEVER })
  }

  async prune(which: 'dangling' | 'all'): Promise<Removal & { readonly freedBytes: number }> {
    const { pruneImages } = await import('./remove-image.ts')
    const beforeBytes = await this.diskUsageBytes()
    // Content without an image may be half of one that is coming.
    const isQuiet = !(await this.#temp.isInUse())
    if (isQuiet) await this.#temp.removePartials()
    const sweptDirectory = isQuiet ? this.directory : undefined
    const removal = await pruneImages(which, this.#parts, { inUse: () => this.#inUse(), sweptDirectory, signal: NEVER })
    return { ...removal, freedBytes: Math.max(0, beforeBytes - (await this.diskUsageBytes())) }
  }

  async collectGarbage(signal: AbortSignal): Promise<void> {
    const { garbage } = this.#options
    if (garbage === undefined) return
    const { collectImageGarbage } = await import('./collect-image-garbage.ts')
    const line = await this.#collections.run('collect unused images', { signal }, (all) =>
      collectImageGarbage({
        policy: garbage.policy,
        parts: this.#parts,
        uses: this.#uses,
        temp: this.#temp,
        directory: this.directory,
        inUse: () => this.#inUse(),
        nowMs: this.#nowMs,
        signal: all.signal,
      }),
    )
    if (line !== this.#toldOfGarbage && line !== '') garbage.tell(line)
    this.#toldOfGarbage = line
  }

  async diskUsageBytes(): Promise<number> {
    const { stdout, stderr } = await runCommand(['du', '-sk', this.directory])
    const kibibytes = Number.parseInt(stdout, 10)
    // du complains of files that vanish while it looks; its sum is good all the same.
    if (!Number.isNaN(kibibytes)) return kibibytes * 1024
    throw new Failure('SetupFailed', `measure "${this.directory}": du answered ${stderr.trim()}`)
  }

  /** Gets an image's content and makes it known, again when somebody cleaned up meanwhile. */
  async #keep(name: string | undefined, signal: AbortSignal, get: () => Promise<ImageRecord>): Promise<Image> {
    for (let commits = 0; commits < MOST_COMMITS; commits += 1) {
      // One use of the temp space all the way: whoever prunes sees that content is being made.
      const image = await this.#temp.use(async () => {
        const record = await get()
        // Before it is known: nobody sees it without.
        this.#uses.note(record.id, this.#nowMs())
        return (await commitImage(record, name, this.#parts, signal)) ? this.#imageOf(record) : undefined
      })
      if (image !== undefined) return image
    }
    const what = name ?? 'an image'
    throw new Failure('ErrImagePull', `keep ${what}: its layers were removed again and again while it came; try again`)
  }

  readonly #nowMs = (): number => this.#options.nowMs?.() ?? Date.now()

  #inUse(): Promise<ReadonlySet<string>> {
    return this.#options.imagesInUse?.() ?? Promise.resolve(new Set())
  }

  #recordMeant(reference: string): ImageRecord | undefined {
    const identity = isId(reference) ? reference : identityOf(parseReference(reference))
    return recordNamed(this.#parts.indexFile.read(), identity)
  }

  /** undefined when a layer is gone: as if the image had never come, so that a pull mends it. */
  #imageOf(record: ImageRecord): Image | undefined {
    const { indexFile, layers } = this.#parts
    if (!record.layers.every((layer) => layers.has(layer.diffId))) return undefined
    return imageOf(indexFile.read(), record, layers.dirOf)
  }

  #registries(): Promise<RegistryAccess> {
    return (this.#access ??= registryAccess(this.#options))
  }
}

async function registryAccess(options: ImageStoreOptions): Promise<RegistryAccess> {
  const [{ openHttpTransport }, { NO_REGISTRIES_CONFIG }, { DEFAULT_RETRY }] = await Promise.all([
    import('./registry/http-transport.ts'),
    import('./registry/registries-config.ts'),
    import('./registry/retry.ts'),
  ])
  return {
    config: options.registries ?? NO_REGISTRIES_CONFIG,
    credentials: options.credentials ?? (() => Promise.resolve(undefined)),
    transport: openHttpTransport({ silenceMs: options.silenceMs ?? SILENCE_MS, proxyEnv: options.proxyEnv ?? {} }),
    retry: options.retry ?? DEFAULT_RETRY,
  }
}

function isId(reference: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(reference)
}

function topicOf(progress: PullProgress): string {
  return progress.is === 'resolved' ? progress.is : `${progress.is} ${progress.digest}`
}
