import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { buildLayer, fingerprintOf, type LayerItem } from './builtin-layer.ts'
import { TarReader } from './tar-reader.ts'

async function bytesOf(items: readonly LayerItem[]): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of buildLayer(items)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

describe('a layer that is made here', () => {
  let directory: string
  let tool: string
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'peapod-builtin-'))
    tool = join(directory, 'tool')
    writeFileSync(tool, 'ELF'.repeat(300))
  })
  after(() => rmSync(directory, { recursive: true }))

  const items = (): LayerItem[] => [
    { is: 'file', path: '/bin/tool', from: tool, mode: 0o755 },
    { is: 'directory', path: '/bin' },
    { is: 'symlink', path: '/bin/sh', target: 'tool' },
    { is: 'text', path: '/etc/motd', text: 'grüezi' },
    { is: 'directory', path: '/tmp', mode: 0o1777, owner: 1000 },
  ]

  it('is sorted, has no times, and nobody else as owner', async () => {
    const parts = [...new TarReader().push(await bytesOf(items()))]
    const entries = parts.filter((part) => part.is === 'entry').map(({ entry }) => entry)
    assert.deepEqual(
      entries.map(({ type, name, mode, uid, gid, mtimeSeconds, sizeBytes, linkName }) =>
        [type, name, mode.toString(8), uid, gid, mtimeSeconds, sizeBytes, linkName].join(' '),
      ),
      [
        'directory bin/ 755 0 0 0 0 ',
        'symlink bin/sh 777 0 0 0 0 tool',
        'file bin/tool 755 0 0 0 900 ',
        'file etc/motd 644 0 0 0 7 ',
        'directory tmp/ 1777 1000 1000 0 0 ',
      ],
    )
  })

  it('is the same for the same parts, in any order, from any place, of any time', async () => {
    const link = join(directory, 'link')
    symlinkSync('tool', link)
    const before = [await bytesOf(items()), fingerprintOf(items())]
    utimesSync(tool, 1, 1)
    const again = items()
      .map((item) => (item.is === 'file' ? { ...item, from: link } : item))
      .reverse()
    assert.deepEqual([await bytesOf(again), fingerprintOf(again)], before)
  })

  const changes: readonly [what: string, change: (items: LayerItem[]) => LayerItem[]][] = [
    ['a mode', (all) => all.map((item) => (item.path === '/tmp' ? { ...item, mode: 0o755 } : item))],
    ['an owner', (all) => all.map((item) => (item.path === '/tmp' ? { ...item, owner: 0 } : item))],
    ['a text', (all) => all.map((item) => (item.is === 'text' ? { ...item, text: 'hello' } : item))],
    ['a target', (all) => all.map((item) => (item.is === 'symlink' ? { ...item, target: 'x' } : item))],
    ['one item less', (all) => all.slice(1)],
  ]
  for (const [what, change] of changes) {
    it(`has another fingerprint with ${what} changed`, () => {
      assert.notEqual(fingerprintOf(change(items())), fingerprintOf(items()))
    })
  }

  it('has another fingerprint when a file changes, large ones included', () => {
    const large = join(directory, 'large')
    writeFileSync(large, 'beginning')
    truncateSync(large, 40_000_000)
    const layer: LayerItem[] = [{ is: 'file', path: '/large', from: large }]
    const seen = [fingerprintOf(layer)]
    writeFileSync(large, 'BEGINNING', { flag: 'r+' })
    seen.push(fingerprintOf(layer))
    truncateSync(large, 40_000_001)
    seen.push(fingerprintOf(layer))
    assert.equal(new Set(seen).size, 3)
  })
})
