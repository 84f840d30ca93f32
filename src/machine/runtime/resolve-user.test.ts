import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { computeUser, resolveUser } from './resolve-user.ts'

const PASSWD = `root:x:0:0:root:/root:/bin/sh
# a comment
web:x:33:34:web:/var/www:/sbin/nologin
1000:x:7:8:a name that looks like a number:/:
broken:x:many:1::/:
`
const GROUP = `root:x:0:
wheel:x:10:root,web
www:x:34:web
data:x:50:web
web:x:99:web
`

describe('computeUser', () => {
  const rows: [user: string, uid: number, gid: number, additionalGids: number[]][] = [
    ['', 0, 0, [10]],
    ['0', 0, 0, [10]],
    ['web', 33, 34, [10, 34, 50]],
    ['33', 33, 34, [10, 34, 50]],
    ['web:data', 33, 50, [10, 34, 50]],
    ['web:7', 33, 7, [10, 34, 50]],
    ['4711', 4711, 0, []],
    ['4711:10', 4711, 10, []],
    ['1000', 7, 8, []],
    [':wheel', 0, 10, [10]],
  ]
  for (const [user, uid, gid, additionalGids] of rows) {
    it(`"${user}" is ${uid}:${gid}`, () => {
      assert.deepEqual(computeUser(user, PASSWD, GROUP), { uid, gid, additionalGids })
    })
  }
  const refused: [user: string, words: RegExp][] = [
    ['nobody', /run as user "nobody": no such user in \/etc\/passwd/],
    ['web:nogroup', /run as group "nogroup": no such group in \/etc\/group/],
    ['4294967295', /not a number from 0 to 2147483647/],
    ['broken', /its ID is "many"/],
    ['-1', /no such user/],
  ]
  for (const [user, words] of refused) {
    it(`"${user}" is refused`, () => assert.throws(() => computeUser(user, PASSWD, GROUP), words))
  }
})

describe('resolveUser', () => {
  const directory = mkdtempSync(join(tmpdir(), 'peapod-resolve-user-'))
  after(() => rmSync(directory, { recursive: true }))
  const layer = (name: string, files: Record<string, string>): string => {
    const root = join(directory, name)
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(join(root, path, '..'), { recursive: true })
      if (content.startsWith('-> ')) symlinkSync(content.slice(3), join(root, path))
      else writeFileSync(join(root, path), content)
    }
    return root
  }

  it('reads the topmost passwd, and group from a lower layer', () => {
    const upper = layer('upper', { 'etc/passwd': 'web:x:1:1::/:' })
    const lower = layer('lower', { 'etc/passwd': PASSWD, 'etc/group': GROUP })
    assert.deepEqual(resolveUser([upper, lower], 'web'), { uid: 1, gid: 1, additionalGids: [10, 34, 50] })
  })

  it('follows links as the container would, across layers and never outside', () => {
    writeFileSync(join(directory, 'outside'), 'web:x:666:666::/:')
    const upper = layer('links', { 'etc/passwd': `-> ../../../../../../..${join(directory, 'outside')}` })
    const other = layer('absolute', { 'etc/passwd': '-> /usr/lib/passwd', [`${directory}/x`]: '' })
    const lower = layer('target', { 'usr/lib/passwd': 'web:x:5:6::/:' })
    assert.throws(() => resolveUser([upper], 'web'), /no such user/)
    assert.equal(resolveUser([other, lower], 'web').uid, 5)
  })

  it('gives up on links that go round in circles, and on directories', () => {
    const circle = layer('circle', { 'etc/passwd': '-> passwd' })
    const folder = layer('folder', { 'etc/passwd/file': '' })
    assert.equal(resolveUser([circle], '12').uid, 12)
    assert.equal(resolveUser([folder], '12').uid, 12)
  })

  it('an image without any files knows root', () => {
    assert.deepEqual(resolveUser([layer('empty', { x: '' })], ''), { uid: 0, gid: 0, additionalGids: [] })
  })
})
