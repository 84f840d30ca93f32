import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { unlessThereIs } from '../../../test/needs.ts'
import { Failure } from '../../failure.ts'
import { setExtendedAttribute } from '../linux/files.ts'
import { libc } from '../linux/libc.ts'
import { NO_XATTRS, type TarEntry } from './tar-entry.ts'
import { ARCHIVE_END, buildTarHeader, buildTarPadding } from './tar-writer.ts'
import { unpackLayer, type UnpackLayerOptions } from './unpack-layer.ts'

const OCI_TAR = 'application/vnd.oci.image.layer.v1.tar'
const blank: TarEntry = {
  type: 'file',
  name: '',
  linkName: '',
  mode: 0o644,
  uid: 0,
  gid: 0,
  sizeBytes: 0,
  mtimeSeconds: 1_600_000_000,
  mtimeNanoseconds: 0,
  xattrs: NO_XATTRS,
}

interface Member extends Partial<TarEntry> {
  readonly name: string
  readonly content?: string
}

function archive(members: readonly Member[]): Buffer {
  const blocks = members.flatMap(({ content = '', ...change }) => {
    const entry = { ...blank, ...change, sizeBytes: content.length }
    return [buildTarHeader(entry), Buffer.from(content), buildTarPadding(content.length)]
  })
  return Buffer.concat([...blocks, ARCHIVE_END])
}

async function* inPieces(bytes: Uint8Array, pieceBytes = 4_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield await Promise.resolve(bytes.subarray(at, at + pieceBytes))
}

function diffIdOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

/** A place with an empty `layer` directory and, beside it, things that nothing may touch. */
function openPlace() {
  const directory = mkdtempSync(join(tmpdir(), 'peapod-unpack-'))
  const layer = join(directory, 'layer')
  mkdirSync(layer)
  mkdirSync(join(directory, 'canary'))
  writeFileSync(join(directory, 'canary', 'passwd'), 'untouched')
  const before = snapshot(join(directory, 'canary'))
  return {
    layer,
    unpack: (bytes: Uint8Array, change: Partial<UnpackLayerOptions> = {}) =>
      unpackLayer(inPieces(bytes), {
        mediaType: OCI_TAR,
        targetDir: layer,
        expectedDiffId: diffIdOf(bytes),
        signal: AbortSignal.timeout(20_000),
        ...change,
      }),
    assertCanaryUntouched: () => {
      assert.deepEqual(readdirSync(directory).sort(), ['canary', 'layer'])
      assert.deepEqual(snapshot(join(directory, 'canary')), before)
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  }
}

/** Everything below a directory that an entry of an archive decides. */
function snapshot(root: string, path = ''): Record<string, unknown> {
  const seen: Record<string, unknown> = {}
  for (const name of readdirSync(join(root, path)).sort()) {
    const relative = path === '' ? name : `${path}/${name}`
    const file = join(root, relative)
    const stat = lstatSync(file)
    const owner = `${stat.uid}:${stat.gid}`
    const mode = stat.mode & 0o7777
    if (stat.isSymbolicLink()) seen[relative] = { is: 'symlink', to: readlinkSync(file), owner }
    else if (stat.isFile()) {
      seen[relative] = { is: 'file', content: readFileSync(file, 'utf8'), mode, owner, mtime: stat.mtimeMs / 1_000 }
    } else if (stat.isDirectory()) {
      seen[relative] = { is: 'directory', mode, owner, mtime: stat.mtimeMs / 1_000 }
      Object.assign(seen, snapshot(root, relative))
    } else if (stat.isFIFO()) seen[relative] = { is: 'fifo', mode, owner, mtime: stat.mtimeMs / 1_000 }
    else seen[relative] = { is: 'device', number: stat.rdev, mode }
  }
  return seen
}

function cleaned(name: string): string[] {
  return name.split('/').filter((part) => part !== '' && part !== '.')
}

/** What an archive without whiteouts should become: an extraction in memory, later entries winning. */
function expected(members: readonly Member[]): Record<string, unknown> {
  const seen: Record<string, Record<string, unknown>> = {}
  for (const member of members) {
    const { type, linkName, mode, uid, gid, mtimeSeconds, name, content = '' } = { ...blank, ...member }
    const path = cleaned(name)
    for (let depth = 1; depth < path.length; depth += 1) {
      seen[path.slice(0, depth).join('/')] ??= { is: 'directory', mode: 0o755, owner: '0:0', mtime: mtimeSeconds }
    }
    const owner = `${uid}:${gid}`
    const key = path.join('/')
    if (key === '') continue
    if (type === 'symlink') seen[key] = { is: 'symlink', to: linkName, owner }
    else if (type === 'hard-link') seen[key] = seen[cleaned(linkName).join('/')] ?? assert.fail(`no ${linkName}`)
    else if (type === 'file') seen[key] = { is: 'file', content, mode, owner, mtime: mtimeSeconds }
    else seen[key] = { is: type, mode, owner, mtime: mtimeSeconds }
  }
  return Object.fromEntries(
    Object.entries(seen).sort(([a], [b]) => (a.split('/').join('\0') < b.split('/').join('\0') ? -1 : 1)),
  )
}

describe('unpacking a layer', { skip: unlessThereIs('root') }, () => {
  const layer: readonly Member[] = [
    { name: './', type: 'directory', mode: 0o711 },
    { name: './bin/', type: 'directory', mode: 0o555, mtimeSeconds: 1_000 },
    { name: './bin/su', mode: 0o4755, content: 'ELF', mtimeSeconds: 2_000 },
    { name: './bin/doas', type: 'hard-link', linkName: './bin/su' },
    { name: './bin/sh', type: 'symlink', linkName: '/../../etc/passwd' },
    { name: './srv/data', uid: 3_000_000, gid: 4_000_000_000, mode: 0o600, content: 'x'.repeat(9_999) },
    { name: './tmp/', type: 'directory', mode: 0o1777 },
    { name: './run/pipe', type: 'fifo', mode: 0o620 },
    {
      name: `./long/${'n'.repeat(200)}/ä\u{1F331}`.replace(/[^\0-\x7f]+/, (text) =>
        Buffer.from(text).toString('latin1'),
      ),
    },
    { name: './old', mtimeSeconds: -86_400 },
  ]

  for (const [name, compress] of [
    ['plain', (bytes: Buffer) => bytes],
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const) {
    it(`keeps owners, modes, times and links (${name})`, async () => {
      using place = openPlace()
      const bytes = archive(layer)
      const result = await place.unpack(compress(bytes), { expectedDiffId: diffIdOf(bytes) })
      const seen = snapshot(place.layer)
      assert.equal(lstatSync(place.layer).mode & 0o7777, 0o711)
      assert.equal(result.unpackedBytes, bytes.length)
      assert.equal(lstatSync(join(place.layer, 'bin/doas')).ino, lstatSync(join(place.layer, 'bin/su')).ino)
      assert.deepEqual(
        Object.fromEntries(Object.entries(seen).map(([path, what]) => [Buffer.from(path).toString('latin1'), what])),
        expected(layer),
      )
      assert.deepEqual(seen['bin'], { is: 'directory', mode: 0o555, owner: '0:0', mtime: 1_000 })
    })
  }

  it('agrees with tar on an archive that tar wrote, attributes, fractions of seconds and all', async () => {
    using place = openPlace()
    using source = openPlace()
    for (let index = 0; index < 50; index += 1) {
      const directory = join(source.layer, `d${index % 7}`, 'x'.repeat(index * 4))
      mkdirSync(directory, { recursive: true })
      writeFileSync(join(directory, `f${index}`), 'y'.repeat(index * 100))
    }
    const file = join(source.layer, 'd1', 'xxxx', 'f1')
    // cap_net_raw, permitted and effective, as setcap(8) writes it.
    setExtendedAttribute(file, 'security.capability', Buffer.from('0100000200200000'.padEnd(40, '0'), 'hex'))
    // On another file: which of two attributes comes first is the file system's own affair.
    setExtendedAttribute(join(source.layer, 'd2', 'x'.repeat(8), 'f2'), 'user.note', 'kept')
    const archiveOf = (directory: string) =>
      execFileSync('tar', [
        '-c',
        '--format=pax',
        '--xattrs',
        '--xattrs-include=*',
        '--sort=name',
        '--pax-option=delete=atime,delete=ctime,exthdr.name=x',
        '-C',
        directory,
        '.',
      ])
    const bytes = archiveOf(source.layer)
    await place.unpack(bytes)
    assert.ok(bytes.includes('SCHILY.xattr.security.capability=') && bytes.includes('SCHILY.xattr.user.note=kept'))

    assert.ok(archiveOf(place.layer).equals(bytes))
  })

  it('turns whiteouts into what overlayfs understands, without touching the times of their directories', async () => {
    using place = openPlace()
    await place.unpack(
      archive([
        { name: 'etc/', type: 'directory', mtimeSeconds: 5_000 },
        { name: 'etc/.wh.motd' },
        { name: 'var/.wh..wh..opq' },
        { name: 'var/log' },
        { name: '.wh.opt' },
      ]),
    )
    assert.deepEqual(snapshot(place.layer), {
      etc: { is: 'directory', mode: 0o644, owner: '0:0', mtime: 5_000 },
      'etc/motd': { is: 'device', number: 0, mode: 0 },
      opt: { is: 'device', number: 0, mode: 0 },
      var: { is: 'directory', mode: 0o755, owner: '0:0', mtime: blank.mtimeSeconds },
      'var/log': { is: 'file', content: '', mode: 0o644, owner: '0:0', mtime: blank.mtimeSeconds },
    })
    assert.equal(attributeOf(join(place.layer, 'var'), 'trusted.overlay.opaque'), 'y')
    assert.equal(attributeOf(join(place.layer, 'etc'), 'trusted.overlay.opaque'), undefined)
  })

  it('lets no layer speak to overlayfs by attributes of its own', async () => {
    using place = openPlace()
    const xattrs = new Map(
      ['trusted.overlay.opaque', 'trusted.overlay.redirect', 'user.note'].map((name) => [name, Buffer.from('/etc')]),
    )
    await place.unpack(archive([{ name: 'a/', type: 'directory', xattrs }]))
    assert.equal(attributeOf(join(place.layer, 'a'), 'trusted.overlay.opaque'), undefined)
    assert.equal(attributeOf(join(place.layer, 'a'), 'trusted.overlay.redirect'), undefined)
    assert.equal(attributeOf(join(place.layer, 'a'), 'user.note'), '/etc')
  })

  const good = archive([{ name: 'a', content: 'b' }])
  const refusals: readonly [rule: string, bytes: Buffer, change: Partial<UnpackLayerOptions>, message: RegExp][] = [
    ['another digest', good, { expectedDiffId: diffIdOf(Buffer.from('other')) }, /its uncompressed content is sha256:/],
    ['a truncated archive', good.subarray(0, 513), {}, /truncated: it ends inside or after entry "a"/],
    [
      'truncated gzip',
      gzipSync(good).subarray(0, 40),
      {},
      /unpack layer "sha256:.*its gzip data is damaged or truncated/,
    ],
    ['garbage behind the end', Buffer.concat([good, Buffer.alloc(512, 1)]), {}, /goes on after its end/],
    [
      'a bomb',
      gzipSync(archive([{ name: 'zeros', content: '\0'.repeat(5_000_000) }])),
      { limits: { largestBytes: 1e9, largestEntries: 10, largestRatio: 100, freeBytes: 1_000_000 } },
      /decompression bomb/,
    ],
    [
      'parents that count as entries',
      archive([{ name: 'a/'.repeat(50) + 'b' }]),
      { limits: { largestBytes: 1e9, largestEntries: 50, largestRatio: 100, freeBytes: 1e6 } },
      /more than 50 entries/,
    ],
    [
      'a way out',
      archive([{ name: 'a', type: 'symlink', linkName: '../canary' }, { name: 'a/passwd' }]),
      {},
      /entry "a\/passwd": its parent "a" is a symbolic link/,
    ],
  ]
  for (const [rule, bytes, change, message] of refusals) {
    it(`refuses ${rule}, and leaves no tar behind`, async () => {
      using place = openPlace()
      await assert.rejects(place.unpack(bytes, change), { reason: 'ImageArchiveInvalid', message })
      place.assertCanaryUntouched()
      assertNoTarIn(place.layer)
    })
  }

  it('stops at once when told to, also while its source is silent', async () => {
    using place = openPlace()
    const stop = new AbortController()
    const silent = async function* () {
      yield good.subarray(0, 600)
      stop.abort()
      await new Promise(() => undefined)
    }
    const options = { mediaType: OCI_TAR, targetDir: place.layer, expectedDiffId: diffIdOf(good), signal: stop.signal }
    await assert.rejects(unpackLayer(silent(), options), { reason: 'Interrupted' })
    assertNoTarIn(place.layer)
  })

  it('passes on what its source throws', async () => {
    using place = openPlace()
    const gone = new Failure('RegistryUnavailable', 'connection reset')
    const source = async function* () {
      yield await Promise.resolve(good.subarray(0, 600))
      throw gone
    }
    const options = {
      mediaType: OCI_TAR,
      targetDir: place.layer,
      expectedDiffId: diffIdOf(good),
      signal: AbortSignal.timeout(9_000),
    }
    await assert.rejects(unpackLayer(source(), options), { reason: 'RegistryUnavailable', cause: gone })
    assertNoTarIn(place.layer)
  })

  it('says why tar gave up', async () => {
    using place = openPlace()
    rmSync(place.layer, { recursive: true })
    mkdirSync(place.layer)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'peapod-test', place.layer])
    try {
      const content = 'x'.repeat(300_000)
      await assert.rejects(place.unpack(archive([{ name: 'a', content }])), {
        reason: 'SystemCallFailed',
        message: /tar failed, exit code 2: .*tar: a: /,
      })
    } finally {
      execFileSync('umount', [place.layer])
    }
  })

  it('never touches anything outside, and extracts exactly what it accepts, whatever the archive', async () => {
    let accepted = 0
    await fc.assert(
      fc.asyncProperty(fc.array(anyMember, { maxLength: 12 }), async (members) => {
        using place = openPlace()
        try {
          await place.unpack(archive(members))
          accepted += 1
          assert.deepEqual(snapshot(place.layer), expected(members))
        } catch (error) {
          assert.ok(error instanceof Failure && error.reason === 'ImageArchiveInvalid', String(error))
        }
        place.assertCanaryUntouched()
      }),
      { numRuns: 150 },
    )
    assert.ok(accepted > 20, `only ${accepted} archives were accepted: the property says little`)
  })
})

/** Few names, so that entries meet; some of them hostile. */
const anyPath = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/')),
  },
  { weight: 2, arbitrary: fc.constantFrom('./', '/a', './b', 'a//b', '.') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('../canary/passwd', 'a/../../canary/x', '/../canary', 'a/b/../c', 'a/.wh...', ''),
  },
)
const anyMember: fc.Arbitrary<Member> = fc
  .record({
    type: fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom('file', 'directory', 'symlink', 'hard-link', 'fifo') },
      { weight: 1, arbitrary: fc.constantFrom('character-device', 'block-device') },
    ),
    name: anyPath,
    linkName: fc.oneof(anyPath, fc.constantFrom('../canary', '../../canary/passwd', '..', '.', '/', '/etc')),
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: fc.integer({ min: 0, max: 70_000 }),
    mtimeSeconds: fc.integer({ min: -1_000, max: 2 ** 33 }),
    content: fc.constantFrom('', 'x', 'y'.repeat(600)),
  })
  .map(({ type, linkName, content, ...rest }) => ({
    ...rest,
    type: type,
    ...(type.endsWith('link') ? { linkName } : {}),
    ...(type === 'file' ? { content } : {}),
  }))

function attributeOf(path: string, name: string): string | undefined {
  const value = new Uint8Array(100)
  const length = libc().lgetxattr(path, name, value, value.length)
  return length < 0 ? undefined : Buffer.from(value.subarray(0, length)).toString()
}

function assertNoTarIn(directory: string): void {
  const commands = readdirSync('/proc').map((name) => {
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8')
    } catch {
      // Not a process, or one that has just ended.
      return ''
    }
  })
  assert.deepEqual(
    commands.filter((command) => command.includes(directory)),
    [],
  )
}
