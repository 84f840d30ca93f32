import assert from 'node:assert/strict'
import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execFileSync } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import { unlessThereIs } from '../../../test/needs.ts'
import { makeNode, openBeneath, setExtendedAttribute } from './files.ts'

describe('files', { skip: unlessThereIs('root') }, () => {
  let root: string
  const volume = () => join(root, 'volume')
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'peapod-files-'))
    mkdirSync(join(volume(), 'etc'), { recursive: true })
    writeFileSync(join(volume(), 'etc/name'), 'inside')
    writeFileSync(join(root, 'secret'), 'outside')
    symlinkSync('etc/name', join(volume(), 'good'))
    symlinkSync('../secret', join(volume(), 'up'))
    symlinkSync('/etc/name', join(volume(), 'absolute'))
    symlinkSync('/proc/self/root', join(volume(), 'magic'))
  })
  after(() => rmSync(root, { recursive: true }))

  const read = (path: string, escapes: 'refuse' | 'clamp'): string => {
    const fd = openBeneath(volume(), path, constants.O_RDONLY, { escapes })
    try {
      return readFileSync(fd, 'utf8')
    } finally {
      closeSync(fd)
    }
  }
  const cases: [path: string, refuse: string, clamp: string][] = [
    ['etc/name', 'inside', 'inside'],
    ['good', 'inside', 'inside'],
    ['up', 'EXDEV', 'ENOENT'],
    ['../secret', 'EXDEV', 'ENOENT'],
    ['absolute', 'EXDEV', 'inside'],
    ['magic/etc/passwd', 'EXDEV', 'ENOENT'],
    ['absent', 'ENOENT', 'ENOENT'],
  ]
  for (const [path, refuse, clamp] of cases) {
    for (const [escapes, expected] of [
      ['refuse', refuse],
      ['clamp', clamp],
    ] as const) {
      it(`opens ${path} beneath, ${escapes}: ${expected}`, () => {
        if (expected === 'inside') assert.equal(read(path, escapes), expected)
        else assert.throws(() => read(path, escapes), { reason: 'SystemCallFailed', details: { errno: expected } })
      })
    }
  }

  it('makes devices with large numbers', () => {
    const path = join(root, 'device')
    makeNode(path, 0o600, { major: 259, minor: 70_000 })
    assert.ok(lstatSync(path).isCharacterDevice())
    assert.equal(execFileSync('stat', ['-c', '%t:%T', path], { encoding: 'utf8' }).trim(), '103:11170')
  })

  it('sets an extended attribute of a directory', () => {
    setExtendedAttribute(volume(), 'trusted.overlay.opaque', 'y')
    assert.throws(() => setExtendedAttribute(join(root, 'absent'), 'trusted.a', 'y'), { details: { errno: 'ENOENT' } })
  })
})
