import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { unlessThereIs } from '../../../test/needs.ts'
import type { Image } from './image.ts'
import { type ImageStore, openImageStore } from './image-store.ts'
import { assertNoTemp, rejectsWith } from './testing/assert-store.ts'
import { startDockerRegistry } from './testing/docker-registry.ts'
import { makeImage, type TestImage } from './testing/make-image.ts'

const signal = AbortSignal.timeout(60_000)
const hello = makeImage([{ base: 'base' }, { hello: 'world' }])

describe('image store', { skip: unlessThereIs('root') }, () => {
  let directory: string
  let store: ImageStore

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'peapod-store-'))
    store = await openImageStore(directory)
  })
  afterEach(() => rm(directory, { recursive: true, force: true }))

  it('makes an image of blobs, and gives the name to whoever has it last', async () => {
    const image = await add(store, hello, 'hello')
    assert.deepEqual(image.names, ['docker.io/library/hello:latest'])
    assert.equal(readFileSync(join(image.layerDirs[0] ?? '', 'hello'), 'utf8'), 'world')
    assert.deepEqual(await store.find('docker.io/hello'), image)
    const other = await add(store, makeImage([{ hello: 'others' }]), 'hello:latest')
    assert.equal((await store.find('hello'))?.id, other.id)
    assert.deepEqual((await store.find(image.id))?.names, [])
    assertNoTemp(directory)
  })

  it('refuses an image that lacks a blob', async () => {
    await store.content.write(chunks(hello.manifest))
    const image = { manifestDigest: hello.digest, mediaType: hello.mediaType }
    await rejectsWith(store.addImage(image), 'ErrImagePull', /its blob sha256:\w+ is not in the store/)
  })

  it('keeps no content that is not what was expected', async () => {
    const wrong = { digest: `sha256:${'0'.repeat(64)}` }
    await rejectsWith(store.content.write(chunks(Buffer.from('x')), wrong), 'ErrImagePull', /digest mismatch/)
    const longer = { sizeBytes: 3 }
    await rejectsWith(
      store.content.write(chunks(Buffer.from('x')), longer),
      'ErrImagePull',
      /truncated, .* 1 of 3 bytes/,
    )
    assert.deepEqual(readdirSync(join(directory, 'blobs/sha256')), [])
    assertNoTemp(directory)
  })

  it('takes content by sha512 as well', async () => {
    const digest = `sha512:ee26b0dd4af7e749aa1a8ee3c10ae9923f618980772e473f8819a5d4940e0db27ac185f8a0e1d5f84f88bc887fd67b143732c304cc5fa9ad8e6f57f50028a8ff`
    assert.deepEqual(await store.content.write(chunks(Buffer.from('test')), { digest }), { digest, sizeBytes: 4 })
    assert.equal(Buffer.concat(await store.content.read(digest).toArray()).toString(), 'test')
    await store.content.remove(digest)
    assert.equal(await store.content.has(digest), false)
  })

  it('prunes what belongs to no image, but nothing while something is being made', async () => {
    await add(store, hello, 'hello')
    const orphan = await store.content.write(chunks(randomBytes(100_000)))
    const making = Promise.withResolvers<undefined>()
    const slow = store.content.write(
      (async function* () {
        yield Buffer.from('slow')
        await making.promise
      })(),
    )
    await store.prune('dangling')
    assert.equal(await store.content.has(orphan.digest), true)
    making.resolve(undefined)
    await slow
    const { deleted, freedBytes } = await (await openImageStore(directory)).prune('dangling')
    assert.deepEqual(deleted, [])
    assert.ok(freedBytes >= 100_000, `freed ${freedBytes} bytes`)
    assert.equal(await store.content.has(orphan.digest), false)
    assert.notEqual(await store.find('hello'), undefined)
  })

  it('never removes what a container stands on', async () => {
    const used = new Set<string>()
    const careful = await openImageStore(directory, { imagesInUse: () => Promise.resolve(used) })
    const image = await add(careful, hello, 'hello')
    used.add(image.id)
    await rejectsWith(careful.remove('hello'), 'ImageInUse', /a container uses sha256:/)
    assert.deepEqual((await careful.prune('all')).deleted, [])
    used.clear()
    assert.deepEqual((await careful.remove('hello')).deleted, [image.id])
    assert.equal(existsSync(image.layerDirs[0] ?? ''), false)
    assert.deepEqual(await careful.list(), [])
  })

  it('asks for a built-in image each time, once at a time: its parts may have changed', async () => {
    let made = 0
    const makeBuiltIn = async ({ registry }: { readonly registry: string }, into: ImageStore) => {
      if (registry !== 'peapod.local') return undefined
      made += 1
      return add(into, hello, 'peapod.local/hello')
    }
    const filled = await openImageStore(directory, { makeBuiltIn })
    const images = await Promise.all([1, 2].map(() => filled.find('peapod.local/hello')))
    assert.equal(images[0]?.id, hello.id)
    assert.equal(images[1]?.id, hello.id)
    assert.equal(made, 1)
    await filled.find('peapod.local/hello:latest')
    assert.equal(made, 2)
    assert.equal(await filled.find('nginx'), undefined)
  })

  it('says what to do when its list is damaged', async () => {
    await add(store, hello, 'hello')
    writeFileSync(join(directory, 'index.json'), '{"version":')
    await rejectsWith(store.find('hello'), 'StateCorrupt', /index.json": it is not JSON; move the file away/)
  })

  it('clears what dead processes left, and beginnings of blobs after a day', async () => {
    mkdirSync(join(directory, 'tmp/dead/layer-1'), { recursive: true })
    writeFileSync(join(directory, 'tmp/dead.lock'), '')
    const digests = ['1', '2'].map((digit) => `sha256-${digit.repeat(64)}`)
    writeFileSync(join(directory, `tmp/dead/blob-${digests[0] ?? ''}~1`), 'beginning')
    const old = join(directory, `partial/blob-${digests[1] ?? ''}`)
    writeFileSync(old, 'old')
    utimesSync(old, 1, 1)
    await openImageStore(directory)
    assert.deepEqual(readdirSync(join(directory, 'tmp')), [])
    assert.deepEqual(readdirSync(join(directory, 'partial')), [`blob-${digests[0] ?? ''}`])
    await store.prune('dangling')
    assertNoTemp(directory)
  })

  it('opens in 2 ms and finds in 1 ms, with 200 images', async () => {
    await add(store, hello, 'hello')
    const index = JSON.parse(readFileSync(join(directory, 'index.json'), 'utf8')) as {
      names: Record<string, string>
      records: Record<string, object>
    }
    for (let number = 0; number < 200; number += 1) {
      const digest = `sha256:${number.toString(16).padStart(64, '0')}`
      index.records[digest] = { ...index.records[hello.digest], id: digest, manifest: { digest } }
      index.names[`docker.io/library/other:${number}`] = digest
    }
    writeFileSync(join(directory, 'index.json'), JSON.stringify(index))
    const opened = await medianMs(() => openImageStore(directory))
    assert.ok(opened < 2, `open takes ${opened} ms`)
    const found = await medianMs(async () => assert.equal((await store.find('hello'))?.id, hello.id))
    assert.ok(found < 1, `find takes ${found} ms`)
  })

  it('understands and is understood by skopeo', { skip: unlessThereIs('skopeo', 'docker-registry') }, async () => {
    await using registry = await startDockerRegistry()
    const image = await add(store, hello, 'hello')
    await store.push('hello', `${registry.host}/ours:1`, { signal })
    const skopeo = (...args: string[]) => execFileSync('skopeo', args, { encoding: 'utf8' })
    const ours = `docker://${registry.host}/ours:1`
    const inspected = JSON.parse(skopeo('inspect', '--tls-verify=false', ours)) as { Digest: string; Layers: string[] }
    assert.equal(inspected.Digest, hello.digest)
    assert.deepEqual(inspected.Layers, hello.layerDigests)
    for (const format of ['oci', 'v2s2']) {
      const theirs = `${registry.host}/theirs:${format}`
      const flags = ['--src-tls-verify=false', '--dest-tls-verify=false', '--format', format]
      skopeo('copy', '--quiet', ...flags, ours, `docker://${theirs}`)
      const pulled = await store.pull(theirs, { signal })
      assert.deepEqual(pulled.layerDirs, image.layerDirs)
    }
  })
})

async function add(store: ImageStore, image: TestImage, name: string): Promise<Image> {
  for (const bytes of image.blobs.values()) await store.content.write(chunks(bytes))
  const { digest: manifestDigest } = await store.content.write(chunks(image.manifest))
  return store.addImage({ manifestDigest, mediaType: image.mediaType, name })
}

async function* chunks(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes)
}

async function medianMs(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let run = 0; run < 31; run += 1) {
    const startMs = performance.now()
    await work()
    times.push(performance.now() - startMs)
  }
  return times.sort((a, b) => a - b)[15] ?? Infinity
}
