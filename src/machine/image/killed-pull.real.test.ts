import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { unlessThereIs } from '../../../test/needs.ts'
import { digestOf } from './digest.ts'
import { openImageStore } from './image-store.ts'
import { assertNoTemp } from './testing/assert-store.ts'
import { makeImage, type TestLayer } from './testing/make-image.ts'
import { startTestRegistry, type TestRegistry } from './testing/test-registry.ts'

const KILLS = 20
const signal = AbortSignal.timeout(180_000)
const layers = [0, 1, 2].map((number): TestLayer => {
  const files = Array.from({ length: 40 }, (_, file) => [`layer${number}/file${file}`, randomBytes(60_000)] as const)
  return Object.fromEntries(files)
})
const image = makeImage(layers)

describe('a store that a killed pull left', { skip: unlessThereIs('root') }, () => {
  let registry: TestRegistry
  let directory: string

  before(async () => {
    registry = await startTestRegistry({ image })
    directory = await mkdtemp(join(tmpdir(), 'peapod-kill-'))
  })
  after(async () => {
    await registry[Symbol.asyncDispose]()
    await rm(directory, { recursive: true, force: true })
  })

  it(`is whole after each of ${KILLS} kills, and the pull goes on`, async () => {
    const undisturbed = spawnPull(join(directory, 'undisturbed'))
    await undisturbed.begun
    const startMs = performance.now()
    assert.deepEqual(await undisturbed.exited, [0, null])
    let pullMs = performance.now() - startMs
    let killed = 0
    for (let pulls = 0; killed < KILLS; pulls += 1) {
      assert.ok(pulls < 3 * KILLS, `only ${killed} of ${pulls} pulls were killed before their end`)
      const storeDir = join(directory, `killed-${pulls}`)
      const killAtMs = randomInt(Math.ceil(pullMs))
      const pull = spawnPull(storeDir)
      await pull.begun
      const begunMs = performance.now()
      await delay(killAtMs)
      pull.child.kill('SIGKILL')
      if ((await pull.exited)[1] === 'SIGKILL') killed += 1
      // The machine has become faster since.
      else pullMs = Math.min(pullMs, performance.now() - begunMs)

      const context = `killed ${killAtMs} ms after the begin of a pull of ${Math.round(pullMs)} ms`
      const store = await openImageStore(storeDir)
      assert.deepEqual(readdirSync(join(storeDir, 'tmp')), [], context)
      assertWhole(storeDir, context)
      const pulled = await store.pull(`${registry.host}/a`, { signal })
      assert.equal(pulled.id, image.id, context)
      assert.equal(pulled.layerDirs.length, layers.length)
      assertWhole(storeDir, context)
      assertNoTemp(storeDir)
    }
  })

  it('several processes pull into at once', async () => {
    const storeDir = join(directory, 'shared')
    const pulls = [1, 2, 3].map(() => spawnPull(storeDir))
    for (const pull of pulls) assert.deepEqual(await pull.exited, [0, null])
    assertWhole(storeDir, 'three at once')
    assertNoTemp(storeDir)
    assert.deepEqual(
      (await (await openImageStore(storeDir)).list()).map(({ id }) => id),
      [image.id],
    )
  })

  function spawnPull(storeDir: string) {
    const script = join(import.meta.dirname, 'testing/pull-in-child.ts')
    const child = spawn(process.execPath, [script, storeDir, `${registry.host}/a`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    return { child, begun: once(child.stdout, 'data'), exited: once(child, 'exit') }
  }
})

/** Whatever is in place is right: blobs have their digest, layers have all their files. */
function assertWhole(storeDir: string, context: string): void {
  const blobsDir = join(storeDir, 'blobs/sha256')
  for (const hex of readdirSync(blobsDir)) {
    assert.equal(digestOf(readFileSync(join(blobsDir, hex))), `sha256:${hex}`, context)
  }
  for (const hex of readdirSync(join(storeDir, 'layers'))) {
    const layer = layers[image.diffIds.indexOf(`sha256:${hex}`)] ?? {}
    assert.notDeepEqual(layer, {}, `${context}: unknown layer ${hex}`)
    for (const [path, content] of Object.entries(layer)) {
      assert.ok(readFileSync(join(storeDir, 'layers', hex, path)).equals(Buffer.from(content)), `${context}: ${path}`)
    }
  }
}
