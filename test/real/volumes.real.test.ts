import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, afterEach, describe, it } from 'node:test'
import { unlessThereIs } from '../needs.ts'
import { type PeapodRun, runPeapod } from './run-peapod.ts'
import { pod, shell } from './sample-pods.ts'
import { openStateDirectory } from './state-directory.ts'

const at = (mountPath: string, more: object = {}) => ({ name: 'data', mountPath, ...more })

describe('volumes', { skip: unlessThereIs('root', 'oci-runtime', 'conmon', 'busybox') }, () => {
  let state: Awaited<ReturnType<typeof openStateDirectory>>
  let folder: string
  before(async () => {
    state = await openStateDirectory()
  })
  after(() => state[Symbol.asyncDispose]())
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'peapod-volume-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  function run(spec: object): PeapodRun {
    return runPeapod({ stateDirectory: state.path, pods: [pod('mounted', spec)] })
  }

  async function untilRefused(spec: object, words: RegExp): Promise<void> {
    await using refused = run(spec)
    const told = await refused.until('it is refused', () =>
      refused.events.find((event) => event.event === 'not-started' || event.event === 'warning'),
    )
    assert.match(told.message ?? '', words)
    assert.deepEqual(refused.newsOf('app', 'started'), [])
  }

  it('emptyDir on disk: shared by all containers, writable by any user, kept across restarts (Q7)', async () => {
    await using ended = run({
      restartPolicy: 'OnFailure',
      initContainers: [shell('init', 'echo from init > /data/file', { volumeMounts: [at('/data')] })],
      containers: [
        shell('app', 'cat /there/file; [ -e /there/second ] || { touch /there/second; exit 1; }; stat -c %a /there', {
          securityContext: { runAsUser: 1000 },
          volumeMounts: [at('/there')],
        }),
      ],
      volumes: [{ name: 'data', emptyDir: {} }],
    })
    assert.equal(await ended.end(), 0)
    assert.deepEqual(ended.logOf('app'), ['from init', 'from init', '777'])
  })

  it('emptyDir in memory: a tmpfs of the size asked for (Q7)', async () => {
    await using ended = run({
      containers: [
        shell(
          'app',
          'grep " /data " /proc/mounts | cut -d" " -f3; head -c 1m /dev/zero > /data/fits && echo fits; ' +
            'head -c 9m /dev/zero > /data/large 2>/dev/null || echo too large',
          { volumeMounts: [at('/data')] },
        ),
      ],
      volumes: [{ name: 'data', emptyDir: { medium: 'Memory', sizeLimit: '4Mi' } }],
    })
    assert.equal(await ended.end(), 0)
    assert.deepEqual(ended.logOf('app'), ['tmpfs', 'fits', 'too large'])
  })

  it('a read-only mount takes no writes, the same volume mounted writable does', async () => {
    await using ended = run({
      containers: [
        shell('app', 'touch /ro/x 2>/dev/null || echo refused; touch /rw/x && ls /ro', {
          volumeMounts: [at('/ro', { readOnly: true }), at('/rw')],
        }),
      ],
      volumes: [{ name: 'data', emptyDir: {} }],
    })
    assert.equal(await ended.end(), 0)
    assert.deepEqual(ended.logOf('app'), ['refused', 'x'])
  })

  it('hostPath: what the container writes is on the machine, and stays', async () => {
    await writeFile(join(folder, 'given'), 'from the machine\n')
    await using ended = run({
      containers: [shell('app', 'cat /data/given; echo from the pod > /data/made', { volumeMounts: [at('/data')] })],
      volumes: [{ name: 'data', hostPath: { path: folder, type: 'Directory' } }],
    })
    assert.equal(await ended.end(), 0)
    assert.deepEqual(ended.logOf('app'), ['from the machine'])
    assert.equal(await readFile(join(folder, 'made'), 'utf8'), 'from the pod\n')
  })

  it('hostPath: each type takes what it names', async () => {
    await writeFile(join(folder, 'file'), 'a file\n')
    const types: [name: string, path: string, type: string][] = [
      ['any', join(folder, 'file'), ''],
      ['file', join(folder, 'file'), 'File'],
      ['new-file', join(folder, 'new-file'), 'FileOrCreate'],
      ['new-directory', join(folder, 'new/directory'), 'DirectoryOrCreate'],
      ['device', '/dev/null', 'CharDevice'],
    ]
    await using ended = run({
      containers: [
        shell('app', 'for v in any file new-file new-directory device; do stat -c %F /v/$v; done', {
          volumeMounts: types.map(([name]) => ({ name, mountPath: `/v/${name}` })),
        }),
      ],
      volumes: types.map(([name, path, type]) => ({ name, hostPath: { path, type } })),
    })
    assert.equal(await ended.end(), 0)
    const kinds = ['regular file', 'regular file', 'regular empty file', 'directory', 'character special file']
    assert.deepEqual(ended.logOf('app'), kinds)
    assert.ok(existsSync(join(folder, 'new/directory')))
  })

  const REFUSALS: [type: string, words: RegExp][] = [
    ['Directory', /hostPath type check failed: .*file is not a directory/],
    ['Socket', /hostPath type check failed: .*file is not a socket file/],
    ['BlockDevice', /hostPath type check failed: .*file is not a block device/],
  ]
  for (const [type, words] of REFUSALS) {
    it(`hostPath: a file is no ${type}, and the message says so`, async () => {
      await writeFile(join(folder, 'file'), '')
      await untilRefused(
        {
          containers: [shell('app', 'true', { volumeMounts: [at('/data')] })],
          volumes: [{ name: 'data', hostPath: { path: join(folder, 'file'), type } }],
        },
        words,
      )
    })
  }

  it('subPath: a directory that is made, a directory and a file that are there (V3)', async () => {
    await mkdir(join(folder, 'there'))
    await writeFile(join(folder, 'there/file'), 'one file\n')
    await using ended = run({
      containers: [
        shell('app', 'cat /one; ls /there; touch /new/x', {
          volumeMounts: [
            at('/one', { subPath: 'there/file' }),
            at('/there', { subPath: 'there' }),
            at('/new', { subPath: 'made/deep' }),
          ],
        }),
      ],
      volumes: [{ name: 'data', hostPath: { path: folder } }],
    })
    assert.equal(await ended.end(), 0)
    assert.deepEqual(ended.logOf('app'), ['one file', 'file'])
    assert.ok(existsSync(join(folder, 'made/deep/x')))
  })

  const ATTACKS: [rule: string, plant: string, subPath: string][] = [
    ['an absolute link', 'ln -s /etc /data/sub', 'sub'],
    ['a link upwards', 'ln -s ../../../../../../../../etc /data/sub', 'sub'],
    ['a link in the middle', 'ln -s / /data/sub', 'sub/etc'],
    ['a link to a file', 'ln -s /etc/shadow /data/sub', 'sub'],
  ]
  for (const [rule, plant, subPath] of ATTACKS) {
    it(`subPath: ${rule} that an init container planted leads nowhere`, async () => {
      await untilRefused(
        {
          initContainers: [shell('init', plant, { volumeMounts: [at('/data')] })],
          containers: [shell('app', 'cat /target/* /target', { volumeMounts: [at('/target', { subPath })] })],
          volumes: [{ name: 'data', emptyDir: {} }],
        },
        /mount subPath "sub.*leads out of the volume/,
      )
    })
  }

  it('subPath: a link that stays inside the volume is followed', async () => {
    await using ended = run({
      initContainers: [
        shell('init', 'mkdir /data/real; echo inside > /data/real/file; ln -s real /data/sub', {
          volumeMounts: [at('/data')],
        }),
      ],
      containers: [shell('app', 'cat /target/file', { volumeMounts: [at('/target', { subPath: 'sub' })] })],
      volumes: [{ name: 'data', emptyDir: {} }],
    })
    assert.equal(await ended.end(), 0)
    assert.deepEqual(ended.logOf('app'), ['inside'])
  })

  it('a mount inside the mount of another volume', async () => {
    await using ended = run({
      containers: [
        shell('app', 'echo outer > /data/file; echo inner > /data/inner/file; cat /other/file; cat /inner-again/file', {
          volumeMounts: [
            { name: 'inner', mountPath: '/data/inner' },
            { name: 'inner', mountPath: '/inner-again' },
            at('/data'),
            at('/other'),
          ],
        }),
      ],
      volumes: [
        { name: 'data', emptyDir: {} },
        { name: 'inner', emptyDir: { medium: 'Memory' } },
      ],
    })
    assert.equal(await ended.end(), 0)
    assert.deepEqual(ended.logOf('app'), ['outer', 'inner'])
  })
})
