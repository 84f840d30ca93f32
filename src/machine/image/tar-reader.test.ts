import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Failure } from '../../failure.ts'
import { nameFromText, NO_XATTRS, type TarEntry } from './tar-entry.ts'
import { tarChecksums } from './tar-header.ts'
import { TarReader } from './tar-reader.ts'
import { ARCHIVE_END, buildTarHeader, buildTarPadding } from './tar-writer.ts'

const file: TarEntry = {
  type: 'file',
  name: 'a',
  linkName: '',
  mode: 0o644,
  uid: 0,
  gid: 0,
  sizeBytes: 0,
  mtimeSeconds: 1_700_000_000,
  mtimeNanoseconds: 0,
  xattrs: NO_XATTRS,
}

interface Member {
  readonly entry: TarEntry
  readonly content: Buffer
}

function archive(members: readonly Member[], end: Buffer = ARCHIVE_END): Buffer {
  return Buffer.concat([
    ...members.flatMap(({ entry, content }) => [buildTarHeader(entry), content, buildTarPadding(content.length)]),
    end,
  ])
}

function withContent(change: Partial<TarEntry>, content: string): Member {
  return { entry: { ...file, ...change, sizeBytes: content.length }, content: Buffer.from(content) }
}

/** Reads an archive that arrives in pieces of this size. */
function readAll(bytes: Buffer, pieceBytes = 10_000): Member[] {
  const reader = new TarReader()
  const members: { entry: TarEntry; content: Buffer }[] = []
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    for (const part of reader.push(bytes.subarray(at, at + pieceBytes))) {
      const last = members.at(-1)
      if (part.is === 'entry') members.push({ entry: part.entry, content: Buffer.alloc(0) })
      else if (last !== undefined) last.content = Buffer.concat([last.content, part.bytes])
    }
  }
  reader.finish()
  return members
}

/** Changes some bytes of the first header and mends its checksum. */
function patched(bytes: Buffer, offset: number, text: string): Buffer {
  const copy = Buffer.from(bytes)
  copy.write(text, offset, 'latin1')
  const sum = tarChecksums(copy.subarray(0, 512)).unsigned
  copy.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return copy
}

const anyName = fc
  .oneof(
    fc.stringMatching(/^[a-zA-Z0-9._ /-]{1,90}$/),
    fc.string({ minLength: 1, maxLength: 300, unit: 'grapheme' }).map(nameFromText),
  )
  .filter((name) => !name.includes('\0') && !name.endsWith('/'))

const anyMember: fc.Arbitrary<Member> = fc
  .record({
    type: fc.constantFrom('file', 'hard-link', 'symlink', 'directory', 'fifo'),
    name: anyName,
    linkName: anyName,
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: fc.integer({ min: 0, max: 2 ** 32 - 2 }),
    gid: fc.integer({ min: 0, max: 2 ** 32 - 2 }),
    mtimeSeconds: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
    mtimeNanoseconds: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 999_999_999 })),
    xattrs: fc.dictionary(fc.constantFrom('user.a', 'user.b', 'security.capability'), fc.uint8Array({ maxLength: 40 })),
    content: fc.uint8Array({ maxLength: 1_200 }),
  })
  .map(({ content, xattrs, linkName, ...entry }) => {
    const bytes = entry.type === 'file' ? Buffer.from(content) : Buffer.alloc(0)
    return {
      content: bytes,
      entry: {
        ...entry,
        type: entry.type,
        name: entry.type === 'directory' ? `${entry.name}/` : entry.name,
        linkName: entry.type.endsWith('link') ? linkName : '',
        sizeBytes: bytes.length,
        xattrs: new Map(Object.entries(xattrs).map(([name, value]) => [name, Buffer.from(value)])),
      },
    }
  })

describe('reading a tar archive', () => {
  it('gives back whatever was written, in whatever pieces it arrives', () => {
    fc.assert(
      fc.property(fc.array(anyMember, { maxLength: 6 }), fc.integer({ min: 1, max: 3_000 }), (members, pieceBytes) => {
        assert.deepEqual(readAll(archive(members), pieceBytes), members)
      }),
      { numRuns: 150 },
    )
  })

  it('never gives more than it got and never hangs, whatever the bytes are', () => {
    const damaged = fc
      .tuple(
        fc.array(anyMember, { minLength: 1, maxLength: 3 }),
        fc.nat(),
        fc.uint8Array({ minLength: 1, maxLength: 20 }),
      )
      .map(([members, at, noise]) => {
        const bytes = archive(members)
        bytes.set(noise.subarray(0, bytes.length - (at % bytes.length)), at % bytes.length)
        return bytes
      })
    fc.assert(
      fc.property(damaged, (bytes) => {
        try {
          const members = readAll(bytes)
          assert.ok(members.reduce((sum, { content }) => sum + content.length, 0) <= bytes.length)
        } catch (error) {
          assert.ok(error instanceof Failure && error.reason === 'ImageArchiveInvalid', String(error))
        }
      }),
      { numRuns: 300 },
    )
  })

  const one = archive([withContent({ name: 'etc/motd' }, 'hello')])
  const refused: readonly [rule: string, bytes: Buffer, message: RegExp][] = [
    ['content that ends early', one.subarray(0, 514), /truncated: it ends inside or after entry "etc\/motd"/],
    ['a header that ends early', one.subarray(0, 300), /truncated/],
    [
      'a long name without its entry',
      buildTarHeader({ ...file, name: 'x'.repeat(200) }).subarray(0, -512),
      /truncated/,
    ],
    [
      'garbage after the end',
      Buffer.concat([one, Buffer.alloc(700, 1)]),
      /goes on after its end, behind entry "etc\/motd"/,
    ],
    ['a little garbage after the end', Buffer.concat([one, Buffer.from('x')]), /truncated/],
    ['an entry behind one zero block', Buffer.concat([Buffer.alloc(512), one]), /goes on after its end/],
    ['something else than an archive', Buffer.alloc(2_048, 'lorem ipsum '), /wrong checksum; this is no tar archive/],
    ['an unknown type', patched(one, 156, 'Q'), /entry "etc\/motd": unknown type "Q"/],
    ['a GNU sparse file', patched(one, 156, 'S'), /sparse files are not supported/],
    ['a number that is none', patched(one, 124, '9999'), /no valid number as size/],
    ['a negative size', patched(one, 124, '\xff'.repeat(12)), /its size is negative/],
    ['a size too large to be exact', patched(one, 124, `\x80\x7f${'\xff'.repeat(10)}`), /no valid number as size/],
    [
      'an owner that Linux does not have',
      patched(one, 108, `\x80\0\0\x01${'\0'.repeat(4)}`),
      /owner 4294967296 is out of/,
    ],
    ['an endless long name', patched(patched(one, 156, 'L'), 124, '77777777777'), /extended header .* at most 1048576/],
    [
      'a PAX header that lies about its length',
      patched(archive([withContent({}, '99 path=x\n')]), 156, 'x'),
      /malformed/,
    ],
    ['a PAX size that is no number', archiveAfterPax('12 size=-1\n'.replace('12', '11')), /"-1" is no valid size/],
    ['a PAX sparse file', archiveAfterPax('22 GNU.sparse.major=1\n'), /sparse files are not supported/],
  ]
  for (const [rule, bytes, message] of refused) {
    it(`refuses ${rule}`, () => {
      assert.throws(() => readAll(bytes), { reason: 'ImageArchiveInvalid', message })
      assert.throws(() => readAll(bytes, 1), { reason: 'ImageArchiveInvalid', message })
    })
  }

  function archiveAfterPax(records: string): Buffer {
    return Buffer.concat([patched(archive([withContent({}, records)], Buffer.alloc(0)), 156, 'x'), one])
  }

  const accepted: readonly [rule: string, bytes: Buffer, seen: Partial<TarEntry>][] = [
    ['zero padding after the end', Buffer.concat([one, Buffer.alloc(9_999)]), { name: 'etc/motd' }],
    ['no closing blocks at all', one.subarray(0, 1_024), { name: 'etc/motd' }],
    ['a ustar prefix', patched(one, 345, 'usr/share'), { name: 'usr/share/etc/motd' }],
    ['a GNU header, which has no prefix', patched(patched(one, 257, 'ustar  \0'), 345, 'usr'), { name: 'etc/motd' }],
    ['PAX words over the header', archiveAfterPax('20 path=usr/bin/new\n'), { name: 'usr/bin/new' }],
    ['a global header, which is skipped', patched(archiveAfterPax('14 path=other\n'), 156, 'g'), { name: 'etc/motd' }],
    [
      'a directory told by its name alone',
      archive([{ entry: { ...file, name: 'opt/' }, content: Buffer.alloc(0) }]),
      { type: 'directory' },
    ],
    ['spaces around numbers', patched(one, 108, '   17  '), { uid: 15 }],
  ]
  for (const [rule, bytes, seen] of accepted) {
    it(`accepts ${rule}`, () => {
      const { entry } = readAll(bytes)[0] ?? assert.fail('nothing was read')
      assert.deepEqual({ ...entry, ...seen }, entry)
    })
  }
})
