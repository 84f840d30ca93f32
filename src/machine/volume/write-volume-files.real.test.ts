import assert from 'node:assert/strict'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import { unlessThereIs } from '../../../test/needs.ts'
import { removeTree } from '../linux/remove-tree.ts'
import { type VolumeFile, writeVolumeFiles } from './write-volume-files.ts'

const NOW_MS = Date.parse('2026-01-02T03:04:05Z')

type Texts = Readonly<Record<string, string>>

function files(texts: Texts, mode = 0o644): Map<string, VolumeFile> {
  return new Map(Object.entries(texts).map(([path, text]) => [path, { content: Buffer.from(text), mode }]))
}

/** Every file below a folder that is no part of how the volume is made. */
function texts(directory: string): Texts {
  const walk = (folder: string, prefix: string): [string, string][] =>
    readdirSync(folder).flatMap((name): [string, string][] => {
      if (prefix === '' && name.startsWith('..')) return []
      const path = join(folder, name)
      return statSync(path).isDirectory()
        ? walk(path, `${prefix}${name}/`)
        : [[`${prefix}${name}`, readFileSync(path, 'utf8')]]
    })
  return Object.fromEntries(walk(directory, ''))
}

const PATH = fc
  .array(fc.constantFrom('a', 'b', 'c', 'app.conf', '.hidden', '__proto__'), { minLength: 1, maxLength: 3 })
  .map((names) => names.join('/'))

/** Files of which none is in the place of another one's folder. */
const CONTENTS = fc
  .array(fc.tuple(PATH, fc.string({ maxLength: 20 })), { maxLength: 6 })
  .map((entries) => new Map(entries))
  .filter((entries) => {
    const paths = [...entries.keys()]
    return !paths.some((path) => paths.some((other) => other.startsWith(`${path}/`)))
  })

describe('writeVolumeFiles', { skip: unlessThereIs('root') }, () => {
  const root = mkdtempSync(join(tmpdir(), 'peapod-files-'))
  after(() => removeTree(root))
  let made = 0
  const fresh = (): string => {
    made += 1
    const directory = join(root, String(made))
    mkdirSync(directory)
    return directory
  }
  const write = (directory: string, wanted: Map<string, VolumeFile>, gid?: number): Promise<string> =>
    writeVolumeFiles(directory, wanted, { nowMs: NOW_MS, ...(gid === undefined ? {} : { gid }) })

  it('V2: lies as the kubelet lays it: links through ..data to a folder with the time in its name', async () => {
    const directory = fresh()
    assert.equal(await write(directory, files({ 'app.conf': 'one', 'etc/deep/x': 'two' }, 0o640)), 'changed')
    const folder = readlinkSync(join(directory, '..data'))
    assert.match(folder, /^\.\.2026_01_02_03_04_05\.\d{9}$/)
    assert.equal(readlinkSync(join(directory, 'app.conf')), '..data/app.conf')
    assert.equal(readlinkSync(join(directory, 'etc')), '..data/etc')
    assert.deepEqual(readdirSync(directory).sort(), ['..data', 'app.conf', 'etc', folder].sort())
    assert.equal(statSync(join(directory, 'app.conf')).mode & 0o7777, 0o640)
    assert.equal(statSync(join(directory, folder)).mode & 0o7777, 0o755)
    assert.equal(statSync(join(directory, 'etc/deep')).mode & 0o7777, 0o755)
  })

  it('V2: the same files again change nothing; another mode, user or group does', async () => {
    const directory = fresh()
    await write(directory, files({ a: '1' }))
    const folder = readlinkSync(join(directory, '..data'))
    assert.equal(await write(directory, files({ a: '1' })), 'same')
    assert.equal(readlinkSync(join(directory, '..data')), folder)
    assert.equal(await write(directory, files({ a: '1' }, 0o600)), 'changed')
    const owned = new Map([['a', { content: Buffer.from('1'), mode: 0o600, uid: 1000 }]])
    assert.equal(await write(directory, owned), 'changed')
    assert.equal(await write(directory, owned, 2000), 'changed')
    const { uid, gid, mode } = statSync(join(directory, 'a'))
    assert.deepEqual([uid, gid, mode & 0o7777], [1000, 2000, 0o640])
    assert.equal(statSync(join(directory, '..data')).mode & 0o7777, 0o2755)
  })

  it('V2: whoever reads meanwhile sees the files of one version, all of them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(CONTENTS, { minLength: 1, maxLength: 5 }), async (versions) => {
        const directory = fresh()
        const known = new Set(versions.map((version) => JSON.stringify([...version].sort())))
        let isOver = false
        const reader = (async () => {
          while (!isOver) {
            checkOneVersion(directory, known)
            await new Promise((resolve) => setImmediate(resolve))
          }
        })()
        try {
          for (const version of versions) {
            const wanted = Object.fromEntries(version)
            await write(directory, files(wanted))
            assert.deepEqual(texts(directory), wanted)
            assert.equal(readdirSync(directory).filter((name) => name.startsWith('..')).length, 2)
          }
        } finally {
          isOver = true
          await reader
        }
      }),
      { numRuns: 20 },
    )
  })

  it('V2: goes on from whatever a killed one left', async () => {
    const directory = fresh()
    await write(directory, files({ kept: '1', gone: '2' }))
    symlinkSync('..half', join(directory, '..data_tmp'))
    mkdirSync(join(directory, '..half/deep'), { recursive: true })
    writeFileSync(join(directory, '..half/deep/x'), '')
    symlinkSync('..data/lost', join(directory, 'lost'))
    await write(directory, files({ kept: '1', more: '3' }))
    assert.deepEqual(texts(directory), { kept: '1', more: '3' })
    assert.equal(readdirSync(directory).length, 4)
  })

  const BAD = [
    '',
    '..',
    '../x',
    'a/../../x',
    '/etc/passwd',
    '..data',
    '..data/x',
    'a//b',
    'a/./b',
    'a\0',
    'x'.repeat(256),
  ]
  for (const path of BAD) {
    it(`refuses ${JSON.stringify(path).slice(0, 20)}, and writes nothing`, async () => {
      const directory = fresh()
      await assert.rejects(write(directory, files({ good: '', [path]: 'x' })), /not a path inside of a volume/)
      assert.deepEqual(readdirSync(directory), [])
    })
  }

  it('a link that somebody put in its way leads nowhere: what is there is replaced', async () => {
    const [directory, outside] = [fresh(), fresh()]
    symlinkSync(outside, join(directory, 'etc'))
    symlinkSync(outside, join(directory, '..data'))
    await write(directory, files({ 'etc/x': 'mine' }))
    assert.deepEqual(readdirSync(outside), [])
    assert.equal(readFileSync(join(directory, 'etc/x'), 'utf8'), 'mine')
  })

  it('leaves nothing of what could not be written', async () => {
    const directory = fresh()
    await write(directory, files({ a: 'old' }))
    await assert.rejects(write(directory, files({ a: 'file', 'a/b': 'in its folder' })), { reason: 'FailedMount' })
    assert.deepEqual(texts(directory), { a: 'old' })
    assert.equal(readdirSync(directory).length, 3)
  })
})

/** Unless another version came while it was read. */
function checkOneVersion(directory: string, known: ReadonlySet<string>): void {
  const data = join(directory, '..data')
  if (!existsSync(data)) return
  assert.ok(lstatSync(data).isSymbolicLink())
  const folder = readlinkSync(data)
  const read = JSON.stringify(Object.entries(texts(join(directory, folder))).sort())
  if (readlinkSync(data) === folder) assert.ok(known.has(read), `${read} is none of ${[...known].join()}`)
}
