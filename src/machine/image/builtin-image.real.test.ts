import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { unlessThereIs } from '../../../test/needs.ts'
import { removeTree } from '../linux/remove-tree.ts'
import { builtinImageNames, makeBuiltIn, makeBuiltinImage } from './builtin-image.ts'
import { recallBuiltin } from './builtin-memory.ts'
import type { Image } from './image.ts'
import { type ImageStore, openImageStore } from './image-store.ts'
import { loadArchive } from './load-archive.ts'
import { machinePlatform } from './platform.ts'
import { parseReference } from './reference.ts'
import { saveArchive } from './save-archive.ts'

const NEVER = new AbortController().signal

describe('built-in images', { skip: unlessThereIs('root', 'overlay', 'busybox') }, () => {
  let directory: string
  let companionsDirectory: string
  let store: ImageStore
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'peapod-builtin-'))
    companionsDirectory = join(directory, 'companions')
    mkdirSync(companionsDirectory)
    writeFileSync(
      join(companionsDirectory, 'fetch.ts'),
      "import { word } from './word.ts'\nconst said: string = word\nconsole.log(said)\n",
    )
    writeFileSync(join(companionsDirectory, 'word.ts'), "export const word = 'fetched'\n")
    writeFileSync(join(companionsDirectory, 'word.test.ts'), '')
    store = await openImageStore(join(directory, 'store'), { makeBuiltIn })
  })
  after(() => removeTree(directory))

  const options = () => ({ nodePath: process.execPath, companionsDirectory })
  const run = (image: Image, ...command: readonly string[]) => runIn(directory, image, command)

  it('are there as soon as somebody asks, under the name without a tag or with latest', async () => {
    const image = await store.find('peapod.local/busybox')
    assert.deepEqual(image?.names, ['peapod.local/busybox:latest'])
    assert.equal((await store.find('peapod.local/busybox:latest'))?.id, image.id)
  })

  it('busybox has a shell, its applets, users and places to write', async () => {
    const image = await makeBuiltinImage('busybox', store, options())
    assert.deepEqual(image.config.cmd, ['sh'])
    assert.equal(image.config.workingDir, '/')
    assert.equal(image.config.architecture, machinePlatform(process.arch).architecture)
    assert.equal(image.config.os, 'linux')
    const said = run(
      image,
      'sh',
      '-c',
      'echo $PATH | wc -c; id -un; stat -c "%a %U %n" /tmp /root /home/node /bin/sh; /usr/bin/env true && echo env',
    )
    assert.deepEqual(said.split('\n').slice(1), [
      'root',
      '1777 root /tmp',
      '700 root /root',
      '755 node /home/node',
      '777 root /bin/sh',
      'env',
      '',
    ])
  })

  it('node runs, with its libraries, on the busybox layer', async () => {
    const busybox = await makeBuiltinImage('busybox', store, options())
    const image = await makeBuiltinImage('node', store, options())
    assert.deepEqual(image.config.cmd, ['node'])
    assert.equal(image.layerDirs.at(-1), busybox.layerDirs.at(-1))
    const program =
      'import("node:dns/promises").then((dns) => dns.lookup("127.0.0.1")).then((found) => console.log(process.version, found.address))'
    assert.equal(run(image, 'node', '-e', program), `${process.version} 127.0.0.1\n`)
    assert.equal(run(image, 'sh', '-c', 'echo "console.log(1 + 1)" | /usr/bin/env node -'), '2\n')
  })

  it('companions run their own TypeScript, and leave its tests out', async () => {
    const image = await makeBuiltinImage('fetch', store, options())
    assert.deepEqual(image.config.entrypoint, ['node', '/peapod/fetch.ts'])
    assert.equal(run(image, ...image.config.entrypoint), 'fetched\n')
    assert.equal(run(image, 'ls', '/peapod'), 'fetch.ts\npackage.json\nword.ts\n')
  })

  it('stay what they are while their parts do, on every machine', async () => {
    const node = await makeBuiltinImage('node', store, options())
    assert.deepEqual(await makeBuiltinImage('node', store, options()), node)
    const elsewhere = await openImageStore(mkdtempSync(join(directory, 'elsewhere-')))
    assert.equal((await makeBuiltinImage('node', elsewhere, options())).id, node.id)
  })

  it('are made anew when a part changes, without what did not', async () => {
    const before = await makeBuiltinImage('fetch', store, options())
    const word = join(companionsDirectory, 'word.ts')
    const text = readFileSync(word)
    try {
      writeFileSync(word, "export const word = 'changed'\n")
      const changed = await makeBuiltinImage('fetch', store, options())
      assert.equal(run(changed, ...changed.config.entrypoint), 'changed\n')
      assert.deepEqual(changed.names, ['peapod.local/fetch:latest'])
      assert.deepEqual(changed.layerDirs.slice(1), before.layerDirs.slice(1))
    } finally {
      writeFileSync(word, text)
    }
  })

  it('are recalled without a look at their parts, until one of them is touched', async () => {
    const reference = parseReference('peapod.local/busybox')
    const image = await makeBuiltIn(reference, store)
    assert.ok(image)
    assert.equal(recallBuiltin(store.directory, 'busybox'), image.id)
    const memory = join(store.directory, 'builtin-busybox.json')
    writeFileSync(memory, readFileSync(memory, 'utf8').replace(/"(\d+) [\d.]+ /, '"$1 1 '))
    assert.equal(recallBuiltin(store.directory, 'busybox'), undefined)
    assert.equal((await makeBuiltIn(reference, store))?.id, image.id)
    assert.equal(recallBuiltin(store.directory, 'busybox'), image.id)
  })

  it('come back when their layers are gone from the store', async () => {
    const image = await makeBuiltinImage('busybox', store, options())
    await store.prune('all')
    const again = await makeBuiltinImage('busybox', store, options())
    assert.equal(again.id, image.id)
    assert.equal(run(again, 'echo', 'here'), 'here\n')
  })

  it('can be saved and loaded like any other', async () => {
    const image = await makeBuiltinImage('busybox', store, options())
    const elsewhere = await openImageStore(mkdtempSync(join(directory, 'elsewhere-')))
    const [loaded] = await loadArchive(saveArchive(['peapod.local/busybox'], store, NEVER), elsewhere, NEVER)
    assert.deepEqual([loaded?.id, loaded?.names], [image.id, ['peapod.local/busybox:latest']])
  })

  it('are a closed list, and latest is the only tag', async () => {
    assert.equal(await makeBuiltIn(parseReference('nginx'), store), undefined)
    for (const reference of [
      'peapod.local/nginx',
      'peapod.local/node:22',
      `peapod.local/node@sha256:${'0'.repeat(64)}`,
    ]) {
      await assert.rejects(makeBuiltIn(parseReference(reference), store), {
        reason: 'ErrImagePull',
        message: new RegExp(`there is none; the built-in images are ${builtinImageNames.join(', ')}`),
      })
    }
  })

  it('name the package that is missing', async () => {
    const path = process.env['PATH']
    process.env['PATH'] = directory
    try {
      await assert.rejects(makeBuiltinImage('busybox', store, options()), {
        reason: 'SetupFailed',
        message: /find busybox: not in .*; install the package "busybox-static"/,
      })
    } finally {
      process.env['PATH'] = path
    }
  })

  it('say which program is missing', async () => {
    await assert.rejects(makeBuiltinImage('ambassador', store, options()), {
      reason: 'SetupFailed',
      message: /companions\/ambassador\.ts" is missing/,
    })
  })
})

/** The output of a command with the image as its root, which it can't change. */
function runIn(directory: string, image: Image, command: readonly string[]): string {
  const root = mkdtempSync(join(directory, 'root-'))
  // An overlay without an upper directory wants two lower ones.
  const lowerDirs = [mkdtempSync(join(directory, 'empty-')), ...image.layerDirs]
  chmodSync(lowerDirs[0] ?? '', 0o755)
  execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', `lowerdir=${lowerDirs.join(':')}`, root])
  try {
    const env: Record<string, string> = Object.fromEntries(
      image.config.env.map((variable) => [variable.split('=')[0] ?? '', variable.split('=').slice(1).join('=')]),
    )
    const result = spawnSync('chroot', [root, ...command], { encoding: 'utf8', env })
    assert.equal(result.status, 0, `${command.join(' ')}: ${result.stderr}`)
    return result.stdout
  } finally {
    execFileSync('umount', [root])
  }
}
