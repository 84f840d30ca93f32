import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { unlessThereIs } from '../../../test/needs.ts'
import type { FailureReason } from '../../failure.ts'
import type { PullProgress } from './image.ts'
import { type ImageStore, type ImageStoreOptions, openImageStore } from './image-store.ts'
import { OCI_INDEX } from './media-types.ts'
import { credentialsFromFiles } from './registry/credentials.ts'
import { assertNoTemp, rejectsWith } from './testing/assert-store.ts'
import {
  type DockerRegistry,
  freePort,
  REGISTRY_PASSWORD,
  REGISTRY_USER,
  startDockerRegistry,
} from './testing/docker-registry.ts'
import { makeImage, makeIndex } from './testing/make-image.ts'

const signal = AbortSignal.timeout(60_000)
const PLATFORM = { os: 'linux', architecture: 'amd64' }
const QUICK_RETRY = { retries: 3, firstDelayMs: 1, longestDelayMs: 4 }

const base = { 'etc/base': 'base', 'bin/sh': '#!' }
const plain = makeImage([base, { hello: 'hello from gzip' }])

describe('pulling from docker-registry', { skip: unlessThereIs('root', 'docker-registry') }, () => {
  let registry: DockerRegistry
  let directory: string
  let stores = 0

  before(async () => {
    registry = await startDockerRegistry()
    directory = await mkdtemp(join(tmpdir(), 'peapod-pull-'))
    await registry.upload('team/plain', '1', plain)
  })
  after(async () => {
    await registry[Symbol.asyncDispose]()
    await rm(directory, { recursive: true, force: true })
  })

  function newStore(options: ImageStoreOptions = {}): Promise<ImageStore> {
    stores += 1
    return openImageStore(join(directory, `store-${stores}`), { platform: PLATFORM, retry: QUICK_RETRY, ...options })
  }
  const storeDir = () => join(directory, `store-${stores}`)

  it('brings the image, its layers unpacked, and finds it again', async () => {
    const store = await newStore()
    const reference = `${registry.host}/team/plain:1`
    assert.equal(await store.find(reference), undefined)
    const seen: PullProgress[] = []
    const image = await store.pull(reference, { signal, onProgress: (progress) => seen.push(progress) })

    assert.equal(image.id, plain.id)
    assert.deepEqual(image.names, [reference])
    assert.deepEqual(image.digests, [`${registry.host}/team/plain@${plain.digest}`])
    assert.deepEqual(image.config.cmd, ['/hello'])
    assert.equal(image.layerDirs.length, 2)
    assert.equal(readFileSync(join(image.layerDirs[0] ?? '', 'hello'), 'utf8'), 'hello from gzip')
    assert.equal(readFileSync(join(image.layerDirs[1] ?? '', 'etc/base'), 'utf8'), 'base')
    assert.deepEqual(await store.find(reference), image)
    assert.deepEqual(await store.find(`${registry.host}/team/plain@${plain.digest}`), image)
    assert.deepEqual(await store.find(image.id), image)
    assert.deepEqual(await (await openImageStore(storeDir())).list(), [image])

    const [first] = seen
    assert.ok(first?.is === 'resolved')
    assert.deepEqual(first.layers.map((layer) => layer.digest).sort(), [...plain.layerDigests].sort())
    for (const digest of plain.layerDigests) {
      const steps = seen.flatMap((progress) =>
        progress.is === 'layer' && progress.digest === digest ? [progress] : [],
      )
      assert.equal(steps.at(-1)?.step, 'done')
      assert.equal(steps.at(-1)?.doneBytes, plain.blobs.get(digest)?.length)
    }
    assertNoTemp(storeDir())
  })

  for (const style of ['oci', 'docker'] as const) {
    for (const compression of ['gzip', 'zstd', 'none'] as const) {
      it(`takes ${style} images with ${compression} layers`, async () => {
        const store = await newStore()
        const image = makeImage([{ hello: `${style} ${compression}` }], { style, compression })
        await registry.upload('kinds', `${style}-${compression}`, image)
        const pulled = await store.pull(`${registry.host}/kinds:${style}-${compression}`, { signal })
        assert.equal(pulled.id, image.id)
        assert.equal(readFileSync(join(pulled.layerDirs[0] ?? '', 'hello'), 'utf8'), `${style} ${compression}`)
      })
    }
  }

  it('takes the image of its platform out of an index, and is known by the digest of the index', async () => {
    const images = { 'linux/arm64/v8': makeImage([{ arch: 'arm64' }]), 'linux/amd64': makeImage([{ arch: 'amd64' }]) }
    for (const image of Object.values(images)) await registry.upload('multi', image.digest, image)
    const index = makeIndex(images)
    await registry.putManifest('multi', 'latest', { mediaType: OCI_INDEX, bytes: index.bytes })
    const store = await newStore()
    const pulled = await store.pull(`${registry.host}/multi`, { signal })
    assert.equal(pulled.id, images['linux/amd64'].id)
    const repository = `${registry.host}/multi`
    const digests = [`${repository}@${index.digest}`, `${repository}@${images['linux/amd64'].digest}`]
    assert.deepEqual(pulled.digests, digests.sort())
    assert.equal((await store.find(`${repository}@${index.digest}`))?.id, pulled.id)

    const other = await newStore({ platform: { os: 'linux', architecture: 's390x' } })
    await rejectsWith(
      other.pull(repository, { signal }),
      'ErrImagePull',
      /no match for platform linux\/s390x .* offers linux\/arm64\/v8, linux\/amd64/,
    )
  })

  it('unpacks a layer that two images share once, and downloads it once', async () => {
    const store = await newStore()
    const second = makeImage([base, { hello: 'second' }])
    await registry.upload('second', '1', second)
    const one = await store.pull(`${registry.host}/team/plain:1`, { signal })
    const steps: string[] = []
    const onProgress = (progress: PullProgress) =>
      progress.is === 'layer' && steps.push(`${progress.digest} ${progress.step}`)
    const two = await store.pull(`${registry.host}/second:1`, { signal, onProgress })
    assert.equal(one.layerDirs.at(-1), two.layerDirs.at(-1))
    assert.ok(steps.includes(`${second.layerDigests[0] ?? ''} exists`))
  })

  it('moves the tag, and prune takes the image that lost it', async () => {
    const store = await newStore()
    const reference = `${registry.host}/moving:latest`
    await registry.upload('moving', 'latest', plain)
    const before = await store.pull(reference, { signal })
    const newer = makeImage([base, { hello: 'newer' }])
    await registry.upload('moving', 'latest', newer)
    const now = await store.pull(reference, { signal })
    assert.equal(now.id, newer.id)
    assert.deepEqual((await store.find(before.id))?.names, [])
    const { deleted } = await store.prune('dangling')
    assert.deepEqual(deleted, [before.id])
    assert.equal(existsSync(before.layerDirs[0] ?? ''), false)
    assert.equal(existsSync(before.layerDirs[1] ?? ''), true, 'the layer that both have stays')
    assert.deepEqual(
      (await store.list()).map((image) => image.id),
      [newer.id],
    )
    await store.remove(reference)
    assert.deepEqual(readdirSync(join(storeDir(), 'layers')), [])
    assert.deepEqual(readdirSync(join(storeDir(), 'blobs/sha256')), [])
  })

  it('pulls once for many callers, and stops when the last one goes', async () => {
    const store = await newStore()
    const reference = `${registry.host}/team/plain:1`
    const gone = new AbortController()
    const starts: number[] = []
    const counting = (number: number) => (progress: PullProgress) => progress.is === 'resolved' && starts.push(number)
    const left = store.pull(reference, { signal: gone.signal, onProgress: counting(0) })
    const others = [1, 2, 3].map((number) => store.pull(reference, { signal, onProgress: counting(number) }))
    gone.abort()
    await rejectsWith(left, 'Interrupted', /stopped/)
    const images = await Promise.all(others)
    assert.equal(new Set(images).size, 1, 'one and the same answer')
    assert.deepEqual(starts, [1, 2, 3])

    const alone = new AbortController()
    const pull = (await newStore()).pull(reference, { signal: alone.signal, onProgress: () => alone.abort() })
    await rejectsWith(pull, 'Interrupted', /stopped/)
    assertNoTemp(storeDir())
  })

  const refused: readonly (readonly [what: string, path: string, reason: FailureReason, message: RegExp])[] = [
    ['an unknown repository', 'nope:1', 'ErrImagePull', /answered 404 .*nope:1: not found; check the name and the tag/],
    ['an unknown tag', 'team/plain:9', 'ErrImagePull', /MANIFEST_UNKNOWN.*team\/plain:9: not found/],
    ['an unknown digest', `team/plain@sha256:${'0'.repeat(64)}`, 'ErrImagePull', /not found/],
    ['no name', 'UPPER', 'InvalidImageName', /must be lowercase/],
  ]
  for (const [what, path, reason, message] of refused) {
    it(`says what is wrong with ${what}`, async () => {
      const store = await newStore()
      await rejectsWith(store.pull(`${registry.host}/${path}`, { signal }), reason, message)
      assertNoTemp(storeDir())
    })
  }

  it('says so at once when nobody listens', async () => {
    const host = `127.0.0.1:${await freePort()}`
    const pull = (await newStore()).pull(`${host}/a`, { signal })
    await rejectsWith(
      pull,
      'RegistryUnavailable',
      new RegExp(`pull "${host}/a:latest": ${host}: connection refused; is a registry listening`),
    )
  })

  it('asks mirrors first, and the registry when they have nothing', async () => {
    const mirrors = { 'registry.invalid': [`http://127.0.0.1:${await freePort()}`, `http://${registry.host}/`] }
    const store = await newStore({ registries: { mirrors, insecure: [] } })
    const image = await store.pull('registry.invalid/team/plain:1', { signal })
    assert.deepEqual(image.names, ['registry.invalid/team/plain:1'])
    const message =
      /connection refused; .* answered 404 .*; registry\.invalid: (no such host|the name could not be looked up)/
    await rejectsWith(store.pull('registry.invalid/none:1', { signal }), 'ErrImagePull', message)
  })

  it('sends an image to a registry, and takes it over from a neighbour without sending it', async () => {
    const store = await newStore()
    await store.pull(`${registry.host}/team/plain:1`, { signal })
    const steps = new Set<string>()
    const onProgress = (progress: { is: string; step?: string }) => steps.add(progress.step ?? progress.is)
    const to = `${registry.host}/copies/plain:2`
    assert.equal(await store.push(`${registry.host}/team/plain:1`, to, { signal, onProgress }), plain.digest)
    assert.deepEqual([...steps], ['mounted'])
    await using other = await startDockerRegistry()
    steps.clear()
    await store.push(`${registry.host}/team/plain:1`, `${other.host}/plain:2`, { signal, onProgress })
    assert.deepEqual([...steps].sort(), ['done', 'upload'])
    const again = await (await newStore()).pull(`${other.host}/plain:2`, { signal })
    assert.equal(again.id, plain.id)
    await rejectsWith(store.push('nginx', undefined, { signal }), 'NotFound', /no such image/)
  })

  it('logs in where a password is asked for', async () => {
    await using guarded = await startDockerRegistry({ withPassword: true })
    await guarded.upload('team/plain', '1', plain)
    const reference = `${guarded.host}/team/plain:1`
    const hint = /401 Unauthorized .*it is missing or needs credentials: log in with "podman login 127/
    await rejectsWith((await newStore()).pull(reference, { signal }), 'ErrImagePull', hint)

    const authFile = join(directory, 'auth.json')
    const credentials = credentialsFromFiles({ REGISTRY_AUTH_FILE: authFile })
    const login = async (password: string) => {
      const auth = Buffer.from(`${REGISTRY_USER}:${password}`).toString('base64')
      await writeFile(authFile, JSON.stringify({ auths: { [guarded.host]: { auth } } }))
    }
    await login('wrong')
    await rejectsWith((await newStore({ credentials })).pull(reference, { signal }), 'ErrImagePull', hint)
    await login(REGISTRY_PASSWORD)
    const store = await newStore({ credentials })
    assert.equal((await store.pull(reference, { signal })).id, plain.id)
    await store.push(reference, `${guarded.host}/new/place:1`, { signal })
    assert.equal((await (await newStore({ credentials })).pull(`${guarded.host}/new/place:1`, { signal })).id, plain.id)
  })

  it('mends an image whose layer was deleted', async () => {
    const store = await newStore()
    const reference = `${registry.host}/team/plain:1`
    const image = await store.pull(reference, { signal })
    await rm(image.layerDirs[0] ?? '', { recursive: true })
    assert.equal(await store.find(reference), undefined)
    assert.deepEqual(await store.pull(reference, { signal }), image)
    assert.equal(existsSync(image.layerDirs[0] ?? ''), true)
  })
})
