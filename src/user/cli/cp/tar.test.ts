import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, link, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { extractTar } from './extract-tar.ts'
import { readTar } from './read-tar.ts'
import { encodeTarHeader, parseTarHeader, type TarHeader } from './tar-header.ts'
import { writeTar } from './write-tar.ts'

const LONG = `${'d'.repeat(90)}/${'ü'.repeat(60)}`

const entry = (change: Partial<TarHeader>, content = ''): Buffer => {
  const sizeBytes = Buffer.byteLength(content)
  const plain = { name: 'data', type: '0', mode: 0o644, uid: 0, gid: 0, mtimeSeconds: 0, linkName: '', sizeBytes }
  return Buffer.concat([
    encodeTarHeader({ ...plain, ...change }),
    Buffer.alloc(Math.ceil(sizeBytes / 512) * 512, 0).fill(content, 0, sizeBytes),
  ])
}
const END = Buffer.alloc(1024)

async function* pieces(bytes: Buffer, size = bytes.length): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size))
}

describe('tar', { timeout: 20_000 }, () => {
  let folder = ''
  before(async () => (folder = await mkdtemp(join(tmpdir(), 'peapod-cp-'))))
  after(() => rm(folder, { recursive: true }))
  const at = (...names: string[]): string => join(folder, ...names)

  const extract = (bytes: Buffer, destination: string, size?: number) => {
    const skipped: string[] = []
    const onSkipped = (name: string, why: string): void => void skipped.push(`${name}: ${why}`)
    return extractTar(readTar(pieces(bytes, size)), { destination: at(destination), asked: 'data', onSkipped }).then(
      (count) => ({ count, skipped }),
    )
  }

  it('headers come back as they were written', () => {
    const name = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => !text.includes('\0'))
    const number = fc.integer({ min: 0, max: 2 ** 40 })
    const header = fc.record<TarHeader>({
      name,
      linkName: name,
      type: fc.constantFrom('0', '1', '2', '5', 'L'),
      mode: fc.integer({ min: 0, max: 0o7777 }),
      uid: fc.integer({ min: 0, max: 2 ** 32 }),
      gid: fc.integer({ min: 0, max: 2 ** 32 }),
      sizeBytes: number,
      mtimeSeconds: number,
    })
    fc.assert(fc.property(header, (one) => assert.deepEqual(parseTarHeader(encodeTarHeader(one)), { ...one })))
  })

  it('a directory comes back as it was, in pieces of any size; links are left out', async () => {
    await mkdir(at('source', LONG), { recursive: true })
    const big = Buffer.alloc(200_001, 'abc')
    await writeFile(at('source', LONG, 'ünï code'), 'deep')
    await writeFile(at('source', 'big'), big)
    await writeFile(at('source', 'empty'), '')
    await writeFile(at('source', 'run'), '#!/bin/sh\n')
    await chmod(at('source', 'run'), 0o755)
    await symlink('/etc/passwd', at('source', 'link'))
    const chunks: Buffer[] = []
    const ignore = (): void => undefined
    for await (const chunk of writeTar({ path: at('source'), name: 'data', onSkipped: ignore })) chunks.push(chunk)
    const bytes = Buffer.concat(chunks)
    assert.equal(bytes.length % 512, 0)
    for (const size of [100, 513, 100_000]) {
      const { skipped } = await extract(bytes, `copy-${size}`, size)
      assert.deepEqual(skipped, ['data/link: a symbolic link to "/etc/passwd"'])
      assert.deepEqual(
        (await readdir(at(`copy-${size}`))).toSorted(),
        ['big', LONG.split('/')[0], 'empty', 'run'].toSorted(),
      )
      assert.equal(await readFile(at(`copy-${size}`, LONG, 'ünï code'), 'utf8'), 'deep')
      assert.ok((await readFile(at(`copy-${size}`, 'big'))).equals(big))
      assert.equal((await stat(at(`copy-${size}`, 'run'))).mode & 0o111, 0o111)
    }
  })

  it('archives of GNU tar are read: long names in both forms, hard links', async () => {
    await mkdir(at('gnu', 'data', LONG), { recursive: true })
    await writeFile(at('gnu', 'data', LONG, 'file'), 'deep')
    await writeFile(at('gnu', 'data', 'one'), 'one')
    await link(at('gnu', 'data', 'one'), at('gnu', 'data', 'two'))
    for (const format of ['gnu', 'pax', 'posix']) {
      const bytes = execFileSync('tar', [`--format=${format}`, '--sort=name', '-cf', '-', '-C', at('gnu'), 'data'])
      const { skipped } = await extract(bytes, `from-${format}`)
      assert.deepEqual(skipped, [])
      assert.equal(await readFile(at(`from-${format}`, LONG, 'file'), 'utf8'), 'deep')
      assert.equal(await readFile(at(`from-${format}`, 'two'), 'utf8'), 'one')
    }
  })

  it('a single file takes the name of the destination; folders before it are made', async () => {
    await extract(Buffer.concat([entry({}, 'hello'), END]), 'new/folder/file')
    assert.equal(await readFile(at('new', 'folder', 'file'), 'utf8'), 'hello')
  })

  it('nothing is written through a link that is there', async () => {
    await mkdir(at('outside'))
    await mkdir(at('inside'))
    await symlink(at('outside'), at('inside', 'link'))
    await symlink(at('outside', 'made'), at('inside', 'file'))
    for (const hostile of [
      entry({ name: 'data/link/x' }, 'evil'),
      entry({ name: 'data/link/sub/', type: '5' }),
      entry({ name: 'data/file' }, 'evil'),
      Buffer.concat([entry({ name: 'data/ok' }, 'evil'), entry({ name: 'data/file', type: '1', linkName: 'data/ok' })]),
    ]) {
      await assert.rejects(extract(Buffer.concat([hostile, END]), 'inside'), /no directory of its own/)
    }
    assert.deepEqual(await readdir(at('outside')), [])
  })

  it('a container that makes a link and writes through it gets a directory of that name, or an end', async () => {
    const outside = at('elsewhere')
    await mkdir(outside)
    const bytes = Buffer.concat([
      entry({ name: 'data/', type: '5' }),
      entry({ name: 'data/way', type: '2', linkName: outside }),
      entry({ name: 'data/way/x' }, 'evil'),
      END,
    ])
    await extract(bytes, 'trap')
    assert.deepEqual(await readdir(outside), [])
    assert.equal(await readFile(at('trap', 'way', 'x'), 'utf8'), 'evil')
  })

  it('a name that leads elsewhere ends the copy', async () => {
    for (const name of ['/etc/peapod-evil', '../evil', 'data/../../evil', 'other']) {
      await assert.rejects(
        extract(Buffer.concat([entry({ name }, 'x'), END]), 'refused'),
        /the container sent .*; nothing more/,
      )
    }
    await assert.rejects(readFile(at('evil')), /ENOENT/)
  })

  it('a broken archive is an error', async () => {
    const bytes = Buffer.concat([entry({}, 'x'.repeat(1_000)), END])
    await assert.rejects(extract(bytes.subarray(0, 900), 'short'), /ends too early/)
    await assert.rejects(extract(bytes.subarray(0, 300), 'short'), /ends too early/)
    await assert.rejects(extract(Buffer.alloc(1024, 'junk'), 'junk'), /no tar archive/)
  })
})
