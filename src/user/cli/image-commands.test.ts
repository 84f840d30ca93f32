import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Failure } from '../../failure.ts'
import type { ImageCommands, PullStep } from './cli-machine.ts'
import { callCli, FakeCall } from './fake-environment.ts'

const DIGEST = `sha256:${'a1'.repeat(32)}`
const OTHER = `sha256:${'b2'.repeat(32)}`
const layer = (step: 'download' | 'unpack' | 'done' | 'exists', doneBytes: number, digest = DIGEST): PullStep => ({
  is: 'layer',
  digest,
  step,
  doneBytes,
  totalBytes: 20_000_000,
})
const RESOLVED: PullStep = {
  is: 'resolved',
  reference: 'docker.io/library/nginx:latest',
  digest: DIGEST,
  layers: [
    { digest: DIGEST, sizeBytes: 20_000_000 },
    { digest: OTHER, sizeBytes: 1_500 },
  ],
}
const STEPS: readonly PullStep[] = [
  RESOLVED,
  layer('exists', 0, OTHER),
  layer('download', 5_000_000),
  { is: 'retry', digest: DIGEST, attempt: 2, message: 'connection reset' },
  layer('download', 20_000_000),
  layer('unpack', 20_000_000),
  layer('done', 20_000_000),
]

const pull: ImageCommands['pull'] = (_reference, { onProgress }) => {
  for (const step of STEPS) onProgress?.(step)
  return Promise.resolve({ name: 'docker.io/library/nginx:latest', id: DIGEST })
}

describe('peapod image', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'peapod-image-'))
  })
  after(() => rm(folder, { recursive: true }))

  it('pull tells its progress in lines where there is no terminal', async () => {
    assert.deepEqual(await callCli(['image', 'pull', 'nginx'], { images: { pull } }), {
      exitCode: 0,
      stdout: `pulled docker.io/library/nginx:latest (${DIGEST})\n`,
      stderr: `nginx: docker.io/library/nginx:latest@${DIGEST}, 2 layers, 20.0 MB
nginx: layer b2b2b2b2b2b2: already here
nginx: layer a1a1a1a1a1a1: try 2: connection reset
nginx: layer a1a1a1a1a1a1: done, 20.0 MB
`,
    })
    assert.equal((await callCli(['image', 'pull', '--quiet', 'nginx'], { images: { pull } })).stderr, '')
  })

  it('pull paints bars on a terminal, and takes them away', async () => {
    let nowMs = 0
    const world = { images: { pull }, terminal: true, nowMs: () => (nowMs += 100) }
    const { stderr } = await callCli(['image', 'pull', 'nginx'], world)
    assert.ok(stderr.includes('\u001b[3A\r\u001b[Jdocker.io/library/nginx:latest\n  a1a1a1a1a1a1  [=========>'), stderr)
    assert.ok(stderr.endsWith('\u001b[3A\r\u001b[J'))
  })

  it('a failed pull says why, and Ctrl-C ends one with 130', async () => {
    const refused = () => Promise.reject(new Failure('ErrImagePull', 'pull "nope": docker.io answered 404'))
    assert.deepEqual(await callCli(['image', 'pull', 'nope'], { images: { pull: refused } }), {
      exitCode: 1,
      stdout: '',
      stderr: 'peapod: pull "nope": docker.io answered 404\n',
    })
    const began = Promise.withResolvers<undefined>()
    const endless: ImageCommands['pull'] = (_reference, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error))
        began.resolve(undefined)
      })
    const call = new FakeCall(['image', 'pull', 'nginx'], { images: { pull: endless } })
    await began.promise
    call.interrupt()
    assert.equal(await call.exitCode, 130)
  })

  it('ls lists names, tags, ids and sizes', async () => {
    const images = [
      {
        names: ['peapod.local/busybox:latest', 'localhost:5000/web:1.4'],
        digests: [],
        id: DIGEST,
        sizeBytes: 1_234_567,
      },
      { names: [], digests: [`docker.io/library/nginx@${OTHER}`], id: OTHER, sizeBytes: 999 },
    ]
    const list = () => Promise.resolve(images)
    assert.equal(
      (await callCli(['image', 'ls'], { images: { list } })).stdout,
      `NAME                      TAG      ID             SIZE
docker.io/library/nginx   <none>   b2b2b2b2b2b2   999 B
localhost:5000/web        1.4      a1a1a1a1a1a1   1.2 MB
peapod.local/busybox      latest   a1a1a1a1a1a1   1.2 MB
`,
    )
    assert.deepEqual(JSON.parse((await callCli(['image', 'ls', '-o', 'json'], { images: { list } })).stdout), {
      images,
    })
  })

  it('rm removes what it can and says what it cannot', async () => {
    const remove: ImageCommands['remove'] = (reference) =>
      reference === 'used'
        ? Promise.reject(new Failure('ImageInUse', 'remove image "used": pod web uses it'))
        : Promise.resolve({ untagged: [`docker.io/library/${reference}:latest`], deleted: [DIGEST] })
    assert.deepEqual(await callCli(['image', 'rm', 'used', 'nginx'], { images: { remove } }), {
      exitCode: 1,
      stdout: `untagged docker.io/library/nginx:latest\ndeleted ${DIGEST}\n`,
      stderr: 'peapod: remove image "used": pod web uses it\n',
    })
  })

  it('prune says what was freed', async () => {
    const prune: ImageCommands['prune'] = ({ all }) =>
      Promise.resolve({ deleted: all ? [{ id: DIGEST, names: ['a:1'] }] : [], freedBytes: all ? 12_300_000 : 0 })
    assert.equal((await callCli(['image', 'prune'], { images: { prune } })).stdout, 'freed 0 B\n')
    assert.equal(
      (await callCli(['image', 'prune', '-a'], { images: { prune } })).stdout,
      `deleted ${DIGEST} a:1\nfreed 12.3 MB\n`,
    )
  })

  it('save writes an archive to a file when it is whole, or into a pipe', async () => {
    async function* archive() {
      await Promise.resolve()
      yield Buffer.from('ar')
      yield Buffer.from('chive')
    }
    assert.equal((await callCli(['image', 'save', 'web'], { images: { save: archive } })).stdout, 'archive')
    await callCli(['image', 'save', '-o', 'web.tar', 'web'], { images: { save: archive }, cwd: folder })
    assert.equal(await readFile(join(folder, 'web.tar'), 'utf8'), 'archive')
    async function* broken() {
      yield* archive()
      throw new Failure('NotFound', 'save image "web": a layer is missing')
    }
    const answer = await callCli(['image', 'save', '-o', 'broken.tar', 'web'], {
      images: { save: broken },
      cwd: folder,
    })
    assert.deepEqual(answer, { exitCode: 1, stdout: '', stderr: 'peapod: save image "web": a layer is missing\n' })
    assert.deepEqual(await readdir(folder), ['web.tar'])
  })

  it('load reads an archive from a file or a pipe', async () => {
    const load: ImageCommands['load'] = async (archive) => {
      const chunks: Buffer[] = []
      for await (const chunk of archive) chunks.push(chunk)
      return [{ name: Buffer.concat(chunks).toString(), id: DIGEST }]
    }
    assert.equal(
      (await callCli(['image', 'load'], { images: { load }, stdin: 'piped' })).stdout,
      `loaded piped (${DIGEST})\n`,
    )
    await writeFile(join(folder, 'in.tar'), 'filed')
    const answer = await callCli(['image', 'load', '-i', 'in.tar'], { images: { load }, cwd: folder })
    assert.equal(answer.stdout, `loaded filed (${DIGEST})\n`)
    const absent = await callCli(['image', 'load', '-i', 'nope.tar'], { images: { load }, cwd: folder })
    assert.match(absent.stderr, /^peapod: open image archive ".*nope\.tar": ENOENT/)
  })

  it('a terminal neither takes nor gives an archive', async () => {
    assert.match((await callCli(['image', 'save', 'web'], { terminal: true })).stderr, /standard output is a terminal/)
    assert.match((await callCli(['image', 'load'], { terminal: true })).stderr, /standard input is a terminal/)
  })
})
