import assert from 'node:assert/strict'
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { unlessThereIs } from '../../../test/needs.ts'
import { bindMount, mountOverlay, mountTmpfs, unmount } from './mount.ts'
import { mountsBelow } from './mounts-below.ts'
import { removeTree } from './remove-tree.ts'

describe('mounts', { skip: unlessThereIs('root', 'overlay') }, () => {
  let root: string
  const make = (...names: string[]): string[] =>
    names.map((name) => {
      mkdirSync(join(root, name), { recursive: true })
      return join(root, name)
    })

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'peapod-mount-'))
  })
  afterEach(() => removeTree(root))

  it('stacks 200 layers, the first one on top, and keeps what is written out of them', () => {
    const [target = '', upperDir = '', workDir = ''] = make('target', 'upper', 'work')
    const lowerDirs = make(...Array.from({ length: 200 }, (_, index) => `layer-${'x'.repeat(60)}${index}`))
    lowerDirs.forEach((layer, index) => writeFileSync(join(layer, `file-${index}`), String(index)))
    lowerDirs.forEach((layer, index) => writeFileSync(join(layer, 'same'), String(index)))
    mountOverlay(target, { lowerDirs, writable: { upperDir, workDir } })
    assert.equal(readdirSync(target).length, 201)
    assert.equal(readFileSync(join(target, 'same'), 'utf8'), '0')
    writeFileSync(join(target, 'file-7'), 'changed')
    assert.equal(readFileSync(join(lowerDirs[7] ?? '', 'file-7'), 'utf8'), '7')
    assert.deepEqual(readdirSync(upperDir), ['file-7'])
  })

  it('mounts layers whose paths hold the characters that options are made of', () => {
    const [target = '', ...lowerDirs] = make('target', 'a:b', 'c,d', 'e\\f')
    lowerDirs.forEach((layer, index) => writeFileSync(join(layer, String(index)), ''))
    mountOverlay(target, { lowerDirs })
    assert.deepEqual(readdirSync(target), ['0', '1', '2'])
    assert.throws(() => writeFileSync(join(target, 'x'), ''), { code: 'EROFS' })
  })

  it('mounts a single layer read-only with an empty one below', () => {
    const [target = '', one = '', empty = ''] = make('target', 'one', 'empty')
    writeFileSync(join(one, 'f'), 'x')
    mountOverlay(target, { lowerDirs: [one, empty] })
    assert.equal(readFileSync(join(target, 'f'), 'utf8'), 'x')
  })

  it('binds files and directories, read-only for one mount or for all below', () => {
    const [source = '', target = '', below = ''] = make('source', 'target', 'source/below')
    mountTmpfs(below)
    bindMount(source, target, { recursive: true, readOnly: true })
    assert.throws(() => writeFileSync(join(target, 'x'), ''), { code: 'EROFS' })
    writeFileSync(join(target, 'below/x'), '')
    unmount(target, { detach: true })
    bindMount(source, target, { recursive: true, readOnly: 'recursive' })
    assert.throws(() => writeFileSync(join(target, 'below/x'), ''), { code: 'EROFS' })
    writeFileSync(join(below, 'x'), 'still writable at its source')
  })

  it('limits a tmpfs', () => {
    const [target = ''] = make('target')
    mountTmpfs(target, { sizeBytes: 65_536, mode: 0o700 })
    assert.equal(lstatSync(target).mode & 0o7777, 0o700)
    assert.throws(() => writeFileSync(join(target, 'x'), Buffer.alloc(65_537)), { code: 'ENOSPC' })
    const { bsize, blocks } = statfsSync(target)
    assert.equal(bsize * blocks, 65_536)
  })

  it('lists mounts below a directory, deepest first, and unmounting twice is fine', () => {
    const [outer = ''] = make('outer')
    mountTmpfs(outer)
    const [inner = ''] = make('outer/in ner')
    mountTmpfs(inner)
    make('outer-other')
    assert.deepEqual(mountsBelow(outer), [inner, outer])
    for (let times = 0; times < 2; times += 1) [inner, outer, join(root, 'absent')].forEach((path) => unmount(path))
    assert.deepEqual(mountsBelow(root), [])
  })

  it('tells what it tried, on what, and what the kernel said', () => {
    const [target = ''] = make('target')
    assert.throws(() => mountOverlay(target, { lowerDirs: [join(root, 'absent')] }), {
      reason: 'SystemCallFailed',
      message: `mount overlay on "${target}": ENOENT (no such file or directory)`,
    })
  })
})
