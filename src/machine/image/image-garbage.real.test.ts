import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, statfsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { unlessThereIs } from '../../../test/needs.ts'
import { DEFAULT_IMAGE_GARBAGE_POLICY, type ImageGarbagePolicy } from './compute-image-garbage.ts'
import type { Image } from './image.ts'
import { type ImageStore, type ImageStoreOptions, openImageStore } from './image-store.ts'
import { rejectsWith } from './testing/assert-store.ts'
import { makeImage } from './testing/make-image.ts'

const MIB = 1024 ** 2
const MINUTE_MS = 60_000
const NO_RETRY = { retries: 0, firstDelayMs: 1, longestDelayMs: 1 }

/** As many images as fill a disk of 20 MiB to about 80 percent: each takes 1 MiB as it came and 1 MiB unpacked. */
const IMAGES_FOR_80_PERCENT = 8

describe('images on a disk that fills up', { skip: unlessThereIs('root') }, () => {
  const signal = AbortSignal.timeout(60_000)
  let directory: string
  let nowMs: number
  let told: string[]
  let used: Set<string>

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'peapod-garbage-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'peapod-test', directory])
    nowMs = Date.parse('2026-01-02T03:04:05Z')
    told = []
    used = new Set()
  })
  afterEach(async () => {
    execFileSync('umount', ['-l', directory])
    await rm(directory, { recursive: true })
  })

  function open(policy: Partial<ImageGarbagePolicy> = {}, more: ImageStoreOptions = {}): Promise<ImageStore> {
    return openImageStore(directory, {
      garbage: { policy: { ...DEFAULT_IMAGE_GARBAGE_POLICY, ...policy }, tell: (line) => told.push(line) },
      nowMs: () => nowMs,
      imagesInUse: () => Promise.resolve(used),
      retry: NO_RETRY,
      ...more,
    })
  }

  /** One after the other, ten minutes apart. */
  async function fill(store: ImageStore, count: number): Promise<Image[]> {
    const images: Image[] = []
    for (let index = 0; index < count; index += 1) {
      images.push(await addOf(store, `image-${index}`))
      nowMs += 10 * MINUTE_MS
    }
    return images
  }

  function usedPercent(): number {
    const { blocks, bavail } = statfsSync(directory)
    return 100 - (bavail * 100) / blocks
  }

  it('stay while there is room', async () => {
    const store = await open()
    await fill(store, IMAGES_FOR_80_PERCENT)
    await store.collectGarbage(signal)
    assert.equal((await store.list()).length, IMAGES_FOR_80_PERCENT)
    assert.deepEqual(told, [])
  })

  it('go from the one unused for longest, until there is room, but for those in use', async () => {
    const store = await open()
    const [first, second, third, ...rest] = await fill(store, IMAGES_FOR_80_PERCENT + 1)
    assert.ok(first !== undefined && second !== undefined && third !== undefined)
    used.add(first.id)
    await store.use(second.id)
    nowMs += 10 * MINUTE_MS
    assert.ok(usedPercent() >= 85)
    // The next server finds what this one noted.
    await (await open()).collectGarbage(signal)
    assert.ok(usedPercent() <= 80, `${usedPercent()} % are used`)
    const left = await names(store)
    assert.ok(left.has('image-0') && left.has('image-1'), [...left].join())
    assert.ok(!left.has('image-2'), [...left].join())
    assert.ok(left.has(`image-${rest.length + 2}`))
    assert.equal(existsSync(third.layerDirs[0] ?? ''), false)
    assert.match(told.join('\n'), /^removed \d unused images?; the disk is \d\d % full now$/)
    await store.collectGarbage(signal)
    assert.equal((await names(store)).size, left.size)
  })

  it('go before the next one is pulled', async () => {
    const store = await open()
    await fill(store, IMAGES_FOR_80_PERCENT + 1)
    await rejectsWith(store.pull('127.0.0.1:1/nobody/listens:1', { signal }), 'RegistryUnavailable', /./)
    assert.ok(usedPercent() <= 80, `${usedPercent()} % are used`)
    const careless = await openImageStore(directory)
    await fill(careless, 2)
    await rejectsWith(careless.pull('127.0.0.1:1/nobody/listens:1', { signal }), 'RegistryUnavailable', /./)
    assert.ok(usedPercent() > 80, 'a store that is opened without a policy removes nothing')
  })

  it('stay when all are in use, or came just now: it is told once what is missing', async () => {
    const store = await open()
    const images = await fill(store, IMAGES_FOR_80_PERCENT)
    for (const { id } of images) used.add(id)
    const last = await addOf(store, 'last')
    await store.collectGarbage(signal)
    await store.collectGarbage(signal)
    assert.equal((await store.list()).length, IMAGES_FOR_80_PERCENT + 1)
    assert.ok(last.layerDirs.every((layer) => existsSync(layer)))
    assert.equal(told.length, 1)
    assert.match(
      told[0] ?? '',
      /^FreeDiskSpaceFailed: the disk of the images is \d\d % full, and should be 80 %: \d MiB/,
    )
  })

  it('stay when what belongs to no image made room enough', async () => {
    const store = await open()
    await fill(store, IMAGES_FOR_80_PERCENT - 1)
    await store.content.write(chunks(randomBytes(4 * MIB)))
    assert.ok(usedPercent() >= 85)
    await store.collectGarbage(signal)
    assert.equal((await store.list()).length, IMAGES_FOR_80_PERCENT - 1)
    assert.ok(usedPercent() < 80)
  })

  it('stay when a container stands on them before they are gone', async () => {
    let asked = 0
    const late = new Set<string>()
    const imagesInUse = (): Promise<ReadonlySet<string>> => {
      asked += 1
      // The one who plans sees nobody; the one who looks again sees him.
      return Promise.resolve(asked === 1 ? new Set() : late)
    }
    const store = await open({}, { imagesInUse })
    const [image, other] = await fill(store, 2)
    assert.ok(image !== undefined && other !== undefined)
    late.add(image.id)
    assert.deepEqual((await store.prune('all')).deleted, [other.id])
    assert.deepEqual(await store.use(image.id), image)
    assert.ok(image.layerDirs.every((layer) => existsSync(layer)))
    assert.equal(await store.use(other.id), undefined)
    asked = 0
    await rejectsWith(store.remove(image.id), 'ImageInUse', /a container uses/)
    assert.deepEqual((await store.find('image-0'))?.names, image.names)
  })
})

async function addOf(store: ImageStore, name: string): Promise<Image> {
  const image = makeImage([{ data: randomBytes(MIB) }], { compression: 'none' })
  for (const blob of [image.manifest, ...image.blobs.values()]) await store.content.write(chunks(blob))
  return store.addImage({ manifestDigest: image.digest, mediaType: image.mediaType, name })
}

async function names(store: ImageStore): Promise<ReadonlySet<string>> {
  const images = await store.list()
  return new Set(images.flatMap((image) => image.names.map((name) => name.replace(/^.*\/(.*):.*$/, '$1'))))
}

async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  await Promise.resolve()
  yield bytes
}
