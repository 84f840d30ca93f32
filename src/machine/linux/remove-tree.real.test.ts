import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { unlessThereIs } from '../../../test/needs.ts'
import { makeNode } from './files.ts'
import { bindMount, mountTmpfs } from './mount.ts'
import { mountsBelow } from './mounts-below.ts'
import { removeTree } from './remove-tree.ts'

describe('removeTree', { skip: unlessThereIs('root', 'overlay') }, () => {
  let root: string
  let doomed: string
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'peapod-remove-'))
    doomed = join(root, 'doomed')
    mkdirSync(doomed)
  })
  afterEach(() => rmSync(root, { recursive: true }))

  it('leaves alone what was mounted into the tree or linked to from it', async () => {
    const kept = join(root, 'kept')
    mkdirSync(join(kept, 'sub'), { recursive: true })
    writeFileSync(join(kept, 'sub/file'), 'kept')
    mkdirSync(join(doomed, 'mount/deeper'), { recursive: true })
    bindMount(kept, join(doomed, 'mount'))
    mountTmpfs(join(doomed, 'mount/sub'))
    symlinkSync(kept, join(doomed, 'link'))
    symlinkSync(root, join(root, 'another-way'))
    await removeTree(join(root, 'another-way/doomed'))
    assert.equal(existsSync(doomed), false)
    assert.deepEqual(mountsBelow(doomed), [])
    assert.equal(readFileSync(join(kept, 'sub/file'), 'utf8'), 'kept')
  })

  it('unmounts what is in use, also when it is mounted over several times', async () => {
    for (let times = 0; times < 3; times += 1) mountTmpfs(doomed)
    const inUse = openSync(join(doomed, 'open'), 'w')
    try {
      await removeTree(doomed)
    } finally {
      closeSync(inUse)
    }
    assert.equal(existsSync(doomed), false)
  })

  it('deletes immutable files, devices, and trees deeper than a path can name', async () => {
    const immutable = join(doomed, 'immutable')
    mkdirSync(immutable)
    writeFileSync(join(immutable, 'file'), '')
    execFileSync('chattr', ['+i', join(immutable, 'file'), immutable])
    makeNode(join(doomed, 'device'), 0o600, { major: 0, minor: 0 })
    const name = 'd'.repeat(200)
    for (let depth = 0; depth < 300; depth += 1) {
      mkdirSync(join(root, 'level'))
      if (existsSync(join(doomed, name))) renameSync(join(doomed, name), join(root, 'level', name))
      renameSync(join(root, 'level'), join(doomed, name))
    }
    const open = readdirSync('/proc/self/fd').length
    await removeTree(doomed)
    assert.equal(existsSync(doomed), false)
    assert.equal(readdirSync('/proc/self/fd').length, open)
  })

  it('lets others work while it deletes ten thousand files', async () => {
    for (let index = 0; index < 10_000; index += 1) writeFileSync(join(doomed, `${index}`), '')
    let turns = 0
    const ticking = setInterval(() => (turns += 1), 1)
    await removeTree(doomed)
    clearInterval(ticking)
    assert.equal(existsSync(doomed), false)
    assert.ok(turns >= 3, `${turns} turns`)
  })

  it('deletes a single file, and finds nothing to do for a path that is not there', async () => {
    writeFileSync(join(root, 'file'), '')
    await removeTree(join(root, 'file'))
    await removeTree(join(root, 'file'))
    await removeTree(join(root, 'absent/deeper'))
    assert.equal(existsSync(join(root, 'file')), false)
  })
})
