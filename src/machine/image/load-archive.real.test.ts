import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { unlessThereIs } from '../../../test/needs.ts'
import { removeTree } from '../linux/remove-tree.ts'
import { digestOf } from './digest.ts'
import { type ImageStore, openImageStore } from './image-store.ts'
import { loadArchive } from './load-archive.ts'
import { OCI_INDEX } from './media-types.ts'
import { machinePlatform, printPlatform } from './platform.ts'
import { nameFromText, NO_XATTRS } from './tar-entry.ts'
import { ARCHIVE_END, buildTarHeader, buildTarPadding } from './tar-writer.ts'
import { assertNoTemp } from './testing/assert-store.ts'
import { makeImage, makeIndex, type TestImage } from './testing/make-image.ts'

/** Path to content, or to the target of a symbolic link. */
type Files = Readonly<Record<string, Buffer | { readonly linkTo: string }>>

function tarOf(files: Files): Buffer {
  const blocks = Object.entries(files).flatMap(([path, file]) => {
    const content = Buffer.isBuffer(file) ? file : Buffer.alloc(0)
    const header = buildTarHeader({
      type: Buffer.isBuffer(file) ? 'file' : 'symlink',
      name: nameFromText(path),
      linkName: Buffer.isBuffer(file) ? '' : file.linkTo,
      mode: 0o644,
      uid: 0,
      gid: 0,
      sizeBytes: content.length,
      mtimeSeconds: 0,
      mtimeNanoseconds: 0,
      xattrs: NO_XATTRS,
    })
    return [header, content, buildTarPadding(content.length)]
  })
  return Buffer.concat([...blocks, ARCHIVE_END])
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value))
const hexOf = (digest: string) => digest.replace('sha256:', '')
const blobPath = (digest: string) => `blobs/sha256/${hexOf(digest)}`

function blobsOf(...images: readonly TestImage[]): Files {
  const blobs = images.flatMap((image) => [[image.digest, image.manifest] as const, ...image.blobs])
  return Object.fromEntries(blobs.map(([digest, bytes]) => [blobPath(digest), bytes]))
}

function entryOf(image: TestImage, annotations: Record<string, string> = {}) {
  return { mediaType: image.mediaType, digest: image.digest, size: image.manifest.length, annotations }
}

function ociFiles(entries: readonly unknown[], blobs: Files): Files {
  const index = json({ schemaVersion: 2, manifests: entries })
  return { 'oci-layout': json({ imageLayoutVersion: '1.0.0' }), 'index.json': index, ...blobs }
}

/** What `docker save` wrote before version 25, the list of images at its end. */
function oldDockerFiles(image: TestImage, tags: readonly string[] | null): Files {
  const config = `${hexOf(image.id)}.json`
  const layers = image.layerDigests.map((digest, index): [string, Buffer | { linkTo: string }] => {
    const first = image.layerDigests.indexOf(digest)
    const content = image.blobs.get(digest) ?? assert.fail('no such blob')
    return [`layer${index}/layer.tar`, first === index ? content : { linkTo: `../layer${first}/layer.tar` }]
  })
  return {
    [config]: image.blobs.get(image.id) ?? assert.fail('no config'),
    ...Object.fromEntries(layers.map(([path]) => [path.replace('layer.tar', 'VERSION'), Buffer.from('1.0')])),
    ...Object.fromEntries(layers.map(([path]) => [path.replace('layer.tar', 'json'), json({})])),
    ...Object.fromEntries(layers),
    repositories: json({}),
    'manifest.json': json([{ Config: config, RepoTags: tags, Layers: layers.map(([path]) => path) }]),
  }
}

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 3_000) yield await Promise.resolve(bytes.subarray(at, at + 3_000))
}

const one = makeImage([{ 'etc/motd': 'hello' }])
const two = makeImage([{ 'etc/motd': 'hello' }, { 'srv/x': 'x'.repeat(5_000) }], { compression: 'zstd' })
const plain = makeImage([{ a: '1' }, { b: '2' }, { a: '1' }], { compression: 'none' })
const reference = 'org.opencontainers.image.ref.name'
const imageName = 'io.containerd.image.name'

describe('loading an archive', { skip: unlessThereIs('root') }, () => {
  let directory: string
  let store: ImageStore
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'peapod-load-'))
    store = await openImageStore(directory)
  })
  afterEach(() => removeTree(directory))

  const load = (bytes: Uint8Array) => loadArchive(inPieces(bytes), store, AbortSignal.timeout(20_000))

  const accepted: readonly [
    rule: string,
    files: Files,
    images: readonly [image: TestImage, names: readonly string[]][],
  ][] = [
    ['an OCI archive', ociFiles([entryOf(one)], blobsOf(one)), [[one, []]]],
    [
      'a whole name in ref.name',
      ociFiles([entryOf(one, { [reference]: 'quay.io/a/b:1' })], blobsOf(one)),
      [[one, ['quay.io/a/b:1']]],
    ],
    [
      'a tag alone in ref.name, which names nothing',
      ociFiles([entryOf(one, { [reference]: 'latest' })], blobsOf(one)),
      [[one, []]],
    ],
    [
      "containerd's name before ref.name",
      ociFiles([entryOf(one, { [imageName]: 'docker.io/library/a:1', [reference]: '1' })], blobsOf(one)),
      [[one, ['docker.io/library/a:1']]],
    ],
    [
      'two names of one image',
      ociFiles([entryOf(one, { [imageName]: 'a' }), entryOf(one, { [imageName]: 'b' })], blobsOf(one)),
      [[one, ['docker.io/library/a:latest', 'docker.io/library/b:latest']]],
    ],
    [
      'two images',
      ociFiles([entryOf(one, { [imageName]: 'a' }), entryOf(two, { [imageName]: 'b' })], blobsOf(two, one)),
      [
        [one, ['docker.io/library/a:latest']],
        [two, ['docker.io/library/b:latest']],
      ],
    ],
    [
      "docker save's old form",
      oldDockerFiles(plain, ['hello:1', 'localhost:5000/hello:2']),
      [[plain, ['docker.io/library/hello:1', 'localhost:5000/hello:2']]],
    ],
    [
      "docker save's old form with compressed layers",
      oldDockerFiles(two, ['hello']),
      [[two, ['docker.io/library/hello:latest']]],
    ],
    ["docker save's old form without a name", oldDockerFiles(one, null), [[one, []]]],
    [
      "docker save's new form, both at once",
      {
        ...ociFiles([entryOf(one, { [imageName]: 'docker.io/library/a:1' })], blobsOf(one)),
        'manifest.json': json([
          { Config: blobPath(one.id), RepoTags: ['a:1'], Layers: one.layerDigests.map(blobPath) },
        ]),
      },
      [[one, ['docker.io/library/a:1']]],
    ],
    [
      'files that belong to no image',
      ociFiles([entryOf(one)], { ...blobsOf(one, two), 'README.md': Buffer.from('hi') }),
      [[one, []]],
    ],
    [
      'paths that begin with ./',
      Object.fromEntries(
        Object.entries(ociFiles([entryOf(one)], blobsOf(one))).map(([path, file]) => [`./${path}`, file]),
      ),
      [[one, []]],
    ],
  ]
  for (const [rule, files, images] of accepted) {
    it(`takes ${rule}`, async () => {
      const loaded = await load(tarOf(files))
      const expected = images.map(([image, names]) => ({ id: image.id, names }))
      assert.deepEqual(
        loaded.map(({ id, names }) => ({ id, names })),
        expected,
      )
      for (const [image] of images) {
        const found = await store.find(image.id)
        assert.equal(found?.layerDirs.length, image.diffIds.length)
      }
      assertNothingButImages()
    })
  }

  it('takes the image for this machine from an index', async () => {
    const here = printPlatform(machinePlatform(process.arch))
    const index = makeIndex({ 'linux/mips64le': two, [here]: one, 'unknown/unknown': plain })
    const entry = {
      mediaType: OCI_INDEX,
      digest: index.digest,
      size: index.bytes.length,
      annotations: { [imageName]: 'a' },
    }
    const files = { ...ociFiles([entry], blobsOf(one)), [blobPath(index.digest)]: index.bytes }
    assert.deepEqual(
      (await load(tarOf(files))).map(({ id, names }) => ({ id, names })),
      [{ id: one.id, names: ['docker.io/library/a:latest'] }],
    )
  })

  for (const [compression, compress] of [
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const) {
    it(`takes an archive that is compressed as a whole (${compression}), by its path`, async () => {
      const path = join(directory, 'archive')
      writeFileSync(path, compress(tarOf(oldDockerFiles(plain, ['a']))))
      assert.equal((await loadArchive(path, store, AbortSignal.timeout(20_000)))[0]?.id, plain.id)
    })
  }

  it('gives the image its content, and twice is as good as once', async () => {
    const bytes = tarOf(ociFiles([entryOf(two, { [imageName]: 'a' })], blobsOf(two)))
    const [first] = await load(bytes)
    const [second] = await load(bytes)
    assert.deepEqual(second, first)
    assert.equal(readFileSync(join(first?.layerDirs[1] ?? '', 'etc/motd'), 'utf8'), 'hello')
  })

  const good = tarOf(ociFiles([entryOf(one, { [imageName]: 'a' })], blobsOf(one)))
  const swapped = { ...blobsOf(one), [blobPath(one.layerDigests[0] ?? '')]: gzipSync('other') }
  const lying = makeImage([{ a: '1' }, { b: '2' }], {
    diffIds: [digestOf(Buffer.from('1')), digestOf(Buffer.from('2'))],
  })
  const escaping = makeImage([{ '../../escape': 'x' }])
  const refused: readonly [rule: string, bytes: Buffer, message: RegExp][] = [
    [
      'an archive that is cut short',
      good.subarray(0, good.length - 3_000),
      /load the archive: the archive is truncated/,
    ],
    ['a compressed archive that is cut short', gzipSync(good).subarray(0, -20), /damaged or truncated/],
    ['a blob with another digest', tarOf(ociFiles([entryOf(one)], swapped)), /entry "blobs\/sha256\/.*digest mismatch/],
    [
      'a config with another digest',
      tarOf({ ...oldDockerFiles(one, null), [`${hexOf(one.id)}.json`]: json({}) }),
      /entry ".*\.json": .*digest mismatch/,
    ],
    [
      'a layer that is missing',
      tarOf(
        ociFiles([entryOf(one)], {
          [blobPath(one.digest)]: one.manifest,
          [blobPath(one.id)]: one.blobs.get(one.id) ?? Buffer.alloc(0),
        }),
      ),
      /its blob sha256:.* is missing/,
    ],
    [
      'a layer that its list invents',
      tarOf({
        'manifest.json': json([{ Config: 'c.json', RepoTags: [], Layers: ['a/layer.tar'] }]),
        'c.json': json({}),
      }),
      /names "a\/layer.tar", which is not in the archive/,
    ],
    [
      'links in a circle',
      tarOf({ 'manifest.json': json([{ Config: 'c', Layers: [] }]), c: { linkTo: 'd' }, d: { linkTo: 'c' } }),
      /names "c", which is not in the archive/,
    ],
    [
      'content that is not what the config says',
      tarOf(ociFiles([entryOf(one, { [imageName]: 'a' }), entryOf(lying, { [imageName]: 'b' })], blobsOf(one, lying))),
      /its uncompressed content is sha256:/,
    ],
    [
      'a layer that leads outside',
      tarOf(oldDockerFiles(escaping, ['a'])),
      /entry "\.\.\/\.\.\/escape": its name has a "\.\." component/,
    ],
    ['an archive of anything else', tarOf({ 'etc/passwd': Buffer.from('root') }), /it is no image archive/],
    ['no archive', Buffer.from('hello'), /truncated/],
    ['a list that is not JSON', tarOf({ 'manifest.json': Buffer.from('[') }), /its manifest.json is not JSON/],
    ['an empty list', tarOf({ 'manifest.json': json([]) }), /it holds no image/],
    ['a name that is none', tarOf(oldDockerFiles(one, ['Not A Name'])), /couldn't parse image name "Not A Name"/],
    [
      'an index without this machine',
      tarOf({
        ...ociFiles([indexEntry(makeIndex({ 'linux/mips64le': one }))], blobsOf(one)),
        ...indexBlob(makeIndex({ 'linux/mips64le': one })),
      }),
      /holds no image for linux\//,
    ],
  ]
  for (const [rule, bytes, message] of refused) {
    it(`refuses ${rule}, and leaves nothing behind`, async () => {
      await assert.rejects(load(bytes), { reason: 'ImageArchiveInvalid', message })
      assert.deepEqual(await store.list(), [])
      assert.deepEqual(readdirSync(join(directory, 'layers')), [])
      assertNothingButImages()
    })
  }

  it('keeps what was there before when an archive of the same blobs is refused', async () => {
    const [before] = await load(tarOf(oldDockerFiles(plain, ['a'])))
    const bytes = tarOf({ ...oldDockerFiles(plain, ['b']), 'manifest.json': Buffer.from('[') })
    await assert.rejects(load(bytes), { reason: 'ImageArchiveInvalid' })
    assert.deepEqual(await store.list(), [before])
    for (const digest of [plain.id, ...plain.layerDigests]) assert.ok(await store.content.has(digest))
  })

  it('stops when told to', async () => {
    const stop = new AbortController()
    const silent = async function* () {
      yield good.subarray(0, 2_000)
      stop.abort()
      await new Promise(() => undefined)
    }
    await assert.rejects(loadArchive(silent(), store, stop.signal), { reason: 'Interrupted' })
    assertNothingButImages()
  })

  /** Every blob in the store belongs to an image: to its manifest, which is a blob as well. */
  function assertNothingButImages(): void {
    assertNoTemp(directory)
    const index = JSON.parse(readFileOr(join(directory, 'index.json'), '{"records":{}}')) as {
      records: Record<string, { id: string; layers: { digest: string }[] }>
    }
    const known = Object.entries(index.records).flatMap(([digest, record]) => [
      digest,
      record.id,
      ...record.layers.map((layer) => layer.digest),
    ])
    assert.deepEqual(readdirSync(join(directory, 'blobs/sha256')).sort(), [...new Set(known.map(hexOf))].sort())
  }
})

function readFileOr(path: string, absent: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return absent
  }
}

function indexEntry(index: { readonly digest: string; readonly bytes: Buffer }) {
  return { mediaType: OCI_INDEX, digest: index.digest, size: index.bytes.length }
}

function indexBlob(index: { readonly digest: string; readonly bytes: Buffer }): Files {
  return { [blobPath(index.digest)]: index.bytes }
}
