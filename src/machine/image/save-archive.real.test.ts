import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createWriteStream, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { after, before, describe, it } from 'node:test'
import { unlessThereIs } from '../../../test/needs.ts'
import { removeTree } from '../linux/remove-tree.ts'
import { type ImageStore, openImageStore } from './image-store.ts'
import { loadArchive } from './load-archive.ts'
import { type ArchiveFormat, saveArchive } from './save-archive.ts'
import { makeImage, type TestImage } from './testing/make-image.ts'

const hello = makeImage([{ 'etc/motd': 'hello' }, { 'srv/x': 'y'.repeat(700) }])
const other = makeImage([{ 'etc/motd': 'hello' }, { 'opt/z': 'z' }], { style: 'docker' })
const NEVER = new AbortController().signal
const FORMATS: readonly ArchiveFormat[] = ['oci-archive', 'docker-archive']

describe('saving an archive', { skip: unlessThereIs('root') }, () => {
  let directory: string
  let store: ImageStore
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'peapod-save-'))
    store = await openImageStore(join(directory, 'store'))
    await add(store, hello, 'hello:1')
    await add(store, hello, 'quay.io/me/hello')
    await add(store, other, 'other')
  })
  after(() => removeTree(directory))

  for (const format of FORMATS) {
    it(`gives what loading takes (${format})`, async () => {
      const second = await openImageStore(mkdtempSync(join(directory, 'second-')))
      const references = ['hello:1', 'quay.io/me/hello', 'other', hello.id]
      const loaded = await loadArchive(saveArchive(references, store, NEVER, format), second, NEVER)
      assert.deepEqual(
        loaded.map(({ id, names }) => ({ id, names })),
        [
          { id: hello.id, names: ['docker.io/library/hello:1', 'quay.io/me/hello:latest'] },
          { id: other.id, names: ['docker.io/library/other:latest'] },
        ],
      )
      assert.equal((await second.manifestOf('other'))?.digest, other.digest)
    })

    it(`gives the same bytes again (${format})`, async () => {
      assert.deepEqual(await bytesOf(['other', 'hello:1'], format), await bytesOf(['other', 'hello:1'], format))
    })
  }

  it('says which image is not here', async () => {
    await assert.rejects(bytesOf(['hello:1', 'nginx'], 'oci-archive'), {
      reason: 'NotFound',
      message: /save "nginx": no such image is on this machine/,
    })
  })

  it('stops when told to', async () => {
    const stopped = saveArchive(['hello:1'], store, AbortSignal.abort(), 'oci-archive')
    await assert.rejects(collect(stopped), { reason: 'Interrupted' })
  })

  describe('together with skopeo', { skip: unlessThereIs('skopeo') }, () => {
    for (const format of FORMATS) {
      it(`skopeo reads what is saved (${format})`, async () => {
        const file = join(directory, `ours-${format}.tar`)
        await pipeline(saveArchive(['hello:1'], store, NEVER, format), createWriteStream(file))
        const copy = join(directory, `copy-${format}`)
        skopeo('copy', '--insecure-policy', `${format}:${file}`, `dir:${copy}`)
        const config = JSON.parse(skopeo('inspect', '--config', `dir:${copy}`)) as { rootfs: { diff_ids: string[] } }
        assert.deepEqual(config.rootfs.diff_ids, hello.diffIds)
      })

      it(`what skopeo writes can be loaded (${format})`, async () => {
        const ours = join(directory, `for-skopeo-${format}.tar`)
        await pipeline(saveArchive(['other'], store, NEVER, 'oci-archive'), createWriteStream(ours))
        const theirs = join(directory, `theirs-${format}.tar`)
        skopeo('copy', '--insecure-policy', `oci-archive:${ours}`, `${format}:${theirs}:example.com/team/other:7`)
        const second = await openImageStore(mkdtempSync(join(directory, 'second-')))
        const [image] = await loadArchive(theirs, second, NEVER)
        assert.deepEqual(image?.names, ['example.com/team/other:7'])
        assert.equal(image.layerDirs.length, other.diffIds.length)
      })
    }
  })

  function bytesOf(references: readonly string[], format: ArchiveFormat): Promise<Buffer> {
    return collect(saveArchive(references, store, NEVER, format))
  }
})

async function collect(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

function skopeo(...args: readonly string[]): string {
  return execFileSync('skopeo', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

async function add(store: ImageStore, image: TestImage, name: string): Promise<void> {
  for (const bytes of [image.manifest, ...image.blobs.values()]) {
    await store.content.write(
      (async function* () {
        yield await Promise.resolve(bytes)
      })(),
    )
  }
  await store.addImage({ manifestDigest: image.digest, mediaType: image.mediaType, name })
}
