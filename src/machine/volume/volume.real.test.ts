import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { unlessThereIs } from '../../../test/needs.ts'
import { removeTree } from '../linux/remove-tree.ts'
import { makeNode, setExtendedAttribute } from '../linux/files.ts'
import { checkHostPath, type HostPathType } from './check-host-path.ts'
import { directorySizeBytes } from './directory-size.ts'
import { makeEmptyDirectory } from './make-empty-directory.ts'
import { makeImageVolume } from './make-image-volume.ts'
import { openSubPath } from './open-sub-path.ts'

const MODE_BITS = 0o7777

describe('volumes', { skip: unlessThereIs('root', 'overlay') }, () => {
  const root = mkdtempSync(join(tmpdir(), 'peapod-volume-'))
  after(() => removeTree(root))
  let made = 0
  const fresh = (): string => {
    made += 1
    const directory = join(root, String(made))
    mkdirSync(directory)
    return directory
  }

  it('an emptyDir on disk is for everybody, and stays as it is when it is asked for again (Q7)', async () => {
    const directory = join(fresh(), 'a', 'b')
    assert.equal(await makeEmptyDirectory(directory, { medium: 'disk' }), directory)
    assert.equal(statSync(directory).mode & MODE_BITS, 0o777)
    writeFileSync(join(directory, 'kept'), '')
    chmodSync(directory, 0o700)
    await makeEmptyDirectory(directory, { medium: 'disk' })
    assert.equal(statSync(directory).mode & MODE_BITS, 0o700)
    assert.ok(statSync(join(directory, 'kept')).isFile())
  })

  it('an emptyDir in memory is a tmpfs of its size, and is not mounted twice (Q7)', async () => {
    const directory = join(fresh(), 'memory')
    await makeEmptyDirectory(directory, { medium: 'memory', sizeLimitBytes: 1 << 20 })
    assert.equal(statSync(directory).mode & MODE_BITS, 0o777)
    assert.equal(statfsSync(directory).blocks * statfsSync(directory).bsize, 1 << 20)
    assert.throws(() => writeFileSync(join(directory, 'big'), Buffer.alloc(2 << 20)), /ENOSPC/)
    await makeEmptyDirectory(directory, { medium: 'memory', sizeLimitBytes: 1 << 20 })
    assert.ok(statSync(join(directory, 'big')).isFile())
  })

  describe('checkHostPath', () => {
    it('finds what the type says, in Kubernetes words', async () => {
      const folder = fresh()
      const paths = {
        directory: join(folder, 'directory'),
        file: join(folder, 'file'),
        socket: join(folder, 'socket'),
        char: join(folder, 'char'),
        missing: join(folder, 'missing'),
      }
      mkdirSync(paths.directory)
      writeFileSync(paths.file, '')
      makeNode(paths.char, 0o600, { major: 1, minor: 3 })
      const server = createServer().listen(paths.socket)
      await once(server, 'listening')
      const rows: [type: HostPathType, good: string[], words: string][] = [
        ['Directory', [paths.directory], 'a directory'],
        ['DirectoryOrCreate', [paths.directory, join(folder, 'made/deep')], 'a directory'],
        ['File', [paths.file], 'a file'],
        ['FileOrCreate', [paths.file, join(folder, 'made-file')], 'a file'],
        ['Socket', [paths.socket], 'a socket file'],
        ['CharDevice', [paths.char], 'a character device'],
        ['BlockDevice', [], 'a block device'],
      ]
      try {
        for (const [type, good, words] of rows) {
          for (const path of good) await checkHostPath(path, type)
          const creates = type.endsWith('OrCreate')
          const bad = Object.values(paths).filter(
            (path) => !good.includes(path) && !(creates && path === paths.missing),
          )
          for (const path of bad) {
            await assert.rejects(checkHostPath(path, type), {
              reason: 'FailedMount',
              message: `hostPath type check failed: ${path} is not ${words}`,
            })
          }
        }
      } finally {
        server.close()
      }
      assert.equal(statSync(join(folder, 'made/deep')).mode & MODE_BITS, 0o755)
      assert.equal(statSync(join(folder, 'made-file')).mode & MODE_BITS, 0o644)
    })

    it('without a type anything will do, and a missing path becomes a directory', async () => {
      const folder = fresh()
      writeFileSync(join(folder, 'file'), '')
      await checkHostPath(join(folder, 'file'), '')
      await checkHostPath(join(folder, 'new/one'), '')
      assert.ok(statSync(join(folder, 'new/one')).isDirectory())
      await assert.rejects(checkHostPath('relative', ''), /not an absolute path/)
      await assert.rejects(checkHostPath(join(folder, 'none/file'), 'FileOrCreate'), { reason: 'FailedMount' })
    })
  })

  describe('openSubPath', () => {
    it('binds a file, a directory, and one that is made with the mode of the volume', async () => {
      const volume = fresh()
      chmodSync(volume, 0o2775)
      mkdirSync(join(volume, 'a/b'), { recursive: true })
      writeFileSync(join(volume, 'a/b/file'), 'content')
      symlinkSync('a/b', join(volume, 'link'))
      assert.equal(readFileSync(await openSubPath(volume, 'a/b/file', join(root, 's-file')), 'utf8'), 'content')
      assert.equal(
        readFileSync(join(await openSubPath(volume, 'link', join(root, 's-link')), 'file'), 'utf8'),
        'content',
      )
      const staged = await openSubPath(volume, 'new/deep/one', join(root, 's-new'))
      writeFileSync(join(staged, 'through'), 'x')
      assert.equal(readFileSync(join(volume, 'new/deep/one/through'), 'utf8'), 'x')
      assert.equal(statSync(join(volume, 'new/deep')).mode & MODE_BITS, 0o2775)
      // Asked for again, as after a start that failed.
      assert.equal(await openSubPath(volume, 'new/deep/one', join(root, 's-new')), staged)
      assert.equal(readFileSync(join(staged, 'through'), 'utf8'), 'x')
    })

    it('refuses what leads out of the volume', async () => {
      const volume = fresh()
      writeFileSync(join(volume, 'file'), '')
      symlinkSync('/etc', join(volume, 'absolute'))
      symlinkSync('../..', join(volume, 'up'))
      symlinkSync('nowhere', join(volume, 'dangling'))
      symlinkSync('round', join(volume, 'round'))
      const rows: [subPath: string, words: RegExp][] = [
        ['absolute', /leads out of the volume/],
        ['absolute/passwd', /leads out of the volume/],
        ['absolute/new', /leads out of the volume/],
        ['up/x', /leads out of the volume/],
        ['dangling', /leads nowhere/],
        ['dangling/below', /leads nowhere/],
        ['round', /too many symbolic links/],
        ['file/below', /a file is in the place/],
        ['../x', /must be relative/],
        ['a/../../x', /must be relative/],
        ['/etc', /must be relative/],
      ]
      for (const [subPath, message] of rows) {
        await assert.rejects(openSubPath(volume, subPath, join(root, 's-refused')), {
          reason: 'CreateContainerConfigError',
          message,
        })
      }
    })

    it('never shows the outside while somebody swaps directories for links as fast as possible', async () => {
      const volume = fresh()
      const outside = fresh()
      writeFileSync(join(outside, 'secret'), '')
      // As a container would: a directory and a link to the outside change places all the time.
      const swap = `
        const { mkdirSync, renameSync, rmSync, symlinkSync } = require('node:fs')
        process.chdir(process.argv[1])
        mkdirSync('d'); symlinkSync(process.argv[2], 'l'); console.log('ready')
        // While there is no "d" for a moment, it may be made by the other side.
        const move = (from, to) => {
          for (;;) try { return renameSync(from, to) } catch { try { rmSync(to, { recursive: true }) } catch {} }
        }
        for (;;) { move('d', 'x'); move('l', 'd'); move('d', 'l'); move('x', 'd') }`
      const swapper = spawn(process.execPath, ['-e', swap, volume, outside], { stdio: ['ignore', 'pipe', 'inherit'] })
      const ended = once(swapper, 'exit')
      await once(swapper.stdout, 'data')
      const outcomes = { inside: 0, refused: 0 }
      try {
        for (let turn = 0; turn < 300; turn += 1) {
          const staging = join(root, `s-race-${turn}`)
          try {
            const staged = await openSubPath(volume, 'd/sub', staging)
            outcomes.inside += 1
            assert.equal(statSync(join(staged, '..', 'subpath', 'secret'), { throwIfNoEntry: false }), undefined)
          } catch (error) {
            assert.equal((error as { reason?: string }).reason, 'CreateContainerConfigError')
            outcomes.refused += 1
          }
          await removeTree(staging)
          assert.equal(statSync(join(outside, 'sub'), { throwIfNoEntry: false }), undefined)
        }
      } finally {
        swapper.kill('SIGKILL')
        await ended
      }
      assert.equal(swapper.signalCode, 'SIGKILL', 'the swapper kept swapping')
      assert.ok(outcomes.inside > 0, JSON.stringify(outcomes))
    })
  })

  it("an image's volume begins with what the merged layers have there, and keeps owner and mode", async () => {
    const [upper, lower, volume] = [fresh(), fresh(), fresh()]
    mkdirSync(join(upper, 'var/data/hidden'), { recursive: true })
    mkdirSync(join(lower, 'var/data/hidden'), { recursive: true })
    writeFileSync(join(upper, 'var/data/new'), 'upper')
    writeFileSync(join(lower, 'var/data/old'), 'lower')
    writeFileSync(join(lower, 'var/data/gone'), 'lower')
    writeFileSync(join(lower, 'var/data/hidden/gone'), 'lower')
    makeNode(join(upper, 'var/data/gone'), 0, { major: 0, minor: 0 })
    setExtendedAttribute(join(upper, 'var/data/hidden'), 'trusted.overlay.opaque', 'y')
    chownSync(join(upper, 'var/data'), 999, 998)
    chmodSync(join(upper, 'var/data'), 0o1770)
    symlinkSync('/var/data', join(upper, 'link'))
    const content = await makeImageVolume([upper, lower], '/link/', volume)
    assert.equal(readFileSync(join(content, 'new'), 'utf8'), 'upper')
    assert.equal(readFileSync(join(content, 'old'), 'utf8'), 'lower')
    assert.equal(statSync(join(content, 'gone'), { throwIfNoEntry: false }), undefined)
    assert.equal(statSync(join(content, 'hidden/gone'), { throwIfNoEntry: false }), undefined)
    const { uid, gid, mode } = statSync(content)
    assert.deepEqual({ uid, gid, mode: mode & MODE_BITS }, { uid: 999, gid: 998, mode: 0o1770 })
    writeFileSync(join(content, 'old'), 'mine')
    assert.equal(readFileSync(join(lower, 'var/data/old'), 'utf8'), 'lower')
    assert.ok(statSync(await makeImageVolume([upper, lower], '/absent', fresh())).isDirectory())
  })

  it('directorySizeBytes counts blocks, hard links once, and no other mounts', async () => {
    const directory = fresh()
    const before = await directorySizeBytes(directory)
    writeFileSync(join(directory, 'file'), Buffer.alloc(1 << 20, 'x'))
    linkSync(join(directory, 'file'), join(directory, 'same'))
    symlinkSync('/usr', join(directory, 'link'))
    const memory = await makeEmptyDirectory(join(directory, 'memory'), { medium: 'memory' })
    writeFileSync(join(memory, 'not-counted'), Buffer.alloc(4 << 20, 'x'))
    const size = (await directorySizeBytes(directory)) - before
    assert.ok(size >= 1 << 20 && size < (1 << 20) + 65_536, String(size))
    assert.equal(await directorySizeBytes(join(directory, 'none')), 0)
  })
})
