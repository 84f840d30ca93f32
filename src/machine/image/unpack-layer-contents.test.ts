import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NO_XATTRS, type TarEntry } from './tar-entry.ts'
import { LayerContents } from './unpack-layer-contents.ts'

function entry(type: TarEntry['type'], name: string, linkName = ''): TarEntry {
  return {
    type,
    name,
    linkName,
    mode: 0o640,
    uid: 1,
    gid: 2,
    sizeBytes: 0,
    mtimeSeconds: 3,
    mtimeNanoseconds: 4,
    xattrs: NO_XATTRS,
  }
}

const file = (name: string) => entry('file', name)
const directory = (name: string) => entry('directory', name)
const symlink = (name: string, target: string) => entry('symlink', name, target)
const hardLink = (name: string, target: string) => entry('hard-link', name, target)

function admitAll(entries: readonly TarEntry[]): { readonly admitted: TarEntry[]; readonly contents: LayerContents } {
  const contents = new LayerContents()
  const early = entries.flatMap((each) => {
    const { parents, entry } = contents.admit(each)
    return entry === undefined ? parents : [...parents, entry]
  })
  return { admitted: [...early, ...contents.symlinks()], contents }
}

const refused: readonly [rule: string, entries: readonly TarEntry[], message: RegExp][] = [
  ['a name that climbs out', [file('../x')], /entry "\.\.\/x": its name has a "\.\." component/],
  ['a name that climbs in the middle, even if it stays inside', [file('a/b/../c')], /"\.\." component/],
  ['an absolute name that climbs', [file('/../etc/passwd')], /"\.\." component/],
  ['an empty name', [file('')], /its name is empty/],
  ['a NUL in a name', [file('a\0b')], /NUL/],
  ['a component longer than Linux has', [file('x'.repeat(256))], /longer than Linux allows/],
  ['a path longer than Linux has', [file('x/'.repeat(2_000) + 'y')], /longer than Linux allows/],
  ['a root that is a file', [file('./')], /replace the root directory/],
  ['a root that is a link', [symlink('/', '/etc')], /replace the root directory/],
  [
    'a file through a symlink that leads outside',
    [symlink('a', '/etc'), file('a/passwd')],
    /entry "a\/passwd": its parent "a" is a symbolic link/,
  ],
  [
    'a file through a symlink that stays inside',
    [directory('b'), symlink('a', 'b'), file('a/x')],
    /its parent "a" is a symbolic link/,
  ],
  [
    'a file through a symlink deeper down',
    [symlink('a/b/c', '..'), file('a/b/c/d/e')],
    /its parent "c" is a symbolic link/,
  ],
  ['a directory through a symlink', [symlink('a', '..'), directory('a/b')], /its parent "a" is a symbolic link/],
  [
    'a directory that becomes a symlink',
    [directory('a'), symlink('a', '/etc'), file('a/x')],
    /its parent "a" is a symbolic link/,
  ],
  [
    'a parent that becomes a symlink while it is the latest one',
    [file('a/b/x'), directory('a/c'), symlink('a/c', '/'), file('a/c/x')],
    /symbolic link/,
  ],
  ['a file below a file', [file('a'), file('a/b')], /its parent "a" is a file/],
  ['a file below a fifo', [entry('fifo', 'a'), file('a/b')], /its parent "a" is a fifo/],
  [
    'a link in place of a directory that is not empty',
    [file('a/b'), symlink('a', 'c')],
    /replace a directory that is not empty/,
  ],
  [
    'a hard link to outside',
    [hardLink('a', '../../etc/shadow')],
    /hard link to "\.\.\/\.\.\/etc\/shadow": its name has a "\.\."/,
  ],
  ['a hard link to what is not there', [hardLink('a', '/etc/shadow')], /which is nothing so far/],
  ['a hard link to what comes later', [hardLink('a', 'b'), file('b')], /which is nothing so far/],
  ['a hard link to a directory', [directory('b'), hardLink('a', 'b')], /which is directory so far/],
  ['a hard link to a symlink', [symlink('b', '/etc/shadow'), hardLink('a', 'b')], /which is symlink so far/],
  ['a hard link through a symlink', [symlink('b', '/etc'), hardLink('a', 'b/shadow')], /which is nothing so far/],
  ['a hard link to the root', [hardLink('a', '/')], /which is directory so far/],
  ['a hard link to itself', [file('a'), hardLink('a', './a')], /which is itself/],
  [
    'a hard link to a file that became a symlink',
    [file('b'), symlink('b', '/etc/shadow'), hardLink('a', 'b')],
    /which is symlink/,
  ],
  ['a character device', [entry('character-device', 'dev/mem')], /entry "dev\/mem": it is a device node/],
  ['a block device', [entry('block-device', 'dev/sda')], /it is a device node/],
  ['a symlink without a target', [symlink('a', '')], /symbolic link to nowhere/],
  ['a symlink with a NUL in its target', [symlink('a', 'b\0c')], /NUL/],
  ['a whiteout of nothing', [file('a/.wh.')], /whiteout of no valid name/],
  ['a whiteout of the directory itself', [file('a/.wh..')], /whiteout of no valid name/],
  ['a whiteout of the parent', [file('a/.wh...')], /whiteout of no valid name/],
  ['a whiteout through a symlink', [symlink('a', '/etc'), file('a/.wh.passwd')], /its parent "a" is a symbolic link/],
  [
    'an opaque mark through a symlink',
    [symlink('a', '/etc'), file('a/.wh..wh..opq')],
    /its parent "a" is a symbolic link/,
  ],
  ['an entry below a whiteout', [file('.wh.a/b')], /lies below a whiteout/],
]

describe('the contents of a layer', () => {
  for (const [rule, entries, message] of refused) {
    it(`refuse ${rule}`, () => {
      assert.throws(() => admitAll(entries), { reason: 'ImageArchiveInvalid', message })
    })
  }

  const names: readonly [rule: string, entries: readonly TarEntry[], extracted: readonly string[]][] = [
    ['names are relative and clean', [file('/a'), file('./b'), file('.//c/./d')], ['a', 'b', 'c', 'c/d']],
    ['the root may have its own entry', [directory('./')], ['./']],
    [
      'missing parents are made once',
      [file('a/b/c'), file('a/b/d'), file('a/e')],
      ['a', 'a/b', 'a/b/c', 'a/b/d', 'a/e'],
    ],
    ['a later duplicate wins', [file('a'), symlink('a', 'b'), file('a')], ['a', 'a']],
    ['symlinks come last', [symlink('a', 'b'), file('b')], ['b', 'a']],
    ['one symlink a name', [symlink('a', 'b'), symlink('a', 'c')], ['a']],
    [
      'a directory twice keeps its content',
      [directory('a'), file('a/b'), directory('a'), file('a/b')],
      ['a', 'a/b', 'a', 'a/b'],
    ],
    ['an empty directory gives way', [directory('a'), file('a')], ['a', 'a']],
    ['a symlink gives way to a directory', [symlink('a', '/etc'), directory('a'), file('a/b')], ['a', 'a/b']],
    ['a symlink may point anywhere', [symlink('a', '../../..//etc')], ['a']],
    ['a hard link may follow a hard link', [file('a'), hardLink('b', '/a'), hardLink('c', './b')], ['a', 'b', 'c']],
    ['AUFS bookkeeping is skipped', [directory('.wh..wh.plnk'), file('.wh..wh.plnk/1.2'), file('.wh..wh.aufs')], []],
    ['whiteouts are held back', [file('a/.wh.b'), file('a/.wh..wh..opq')], ['a']],
  ]
  for (const [rule, entries, extracted] of names) {
    it(rule, () => {
      assert.deepEqual(
        admitAll(entries).admitted.map(({ name }) => name),
        extracted,
      )
    })
  }

  it('keep owner, mode and time, and give a missing parent the time of what needed it', () => {
    const given = { ...file('/opt/tool'), mode: 0o4755, uid: 3_000_000 }
    assert.deepEqual(admitAll([given]).admitted, [
      { ...directory('opt'), mode: 0o755, uid: 0, gid: 0 },
      { ...given, name: 'opt/tool' },
    ])
  })

  it('give a hard link a clean target', () => {
    assert.equal(admitAll([file('bin/a'), hardLink('bin/b', '/bin/./a')]).admitted.at(-1)?.linkName, 'bin/a')
  })

  it('keep only attributes that speak to programs', () => {
    const xattrs = new Map(
      ['user.note', 'user.overlay.opaque', 'security.capability', 'security.selinux', 'trusted.overlay.redirect'].map(
        (name) => [name, Buffer.from('y')],
      ),
    )
    const kept = (type: TarEntry['type']) => [
      ...(admitAll([{ ...entry(type, 'a', 'b'), xattrs }]).admitted[0]?.xattrs.keys() ?? []),
    ]
    assert.deepEqual(kept('file'), ['user.note', 'security.capability'])
    assert.deepEqual(kept('directory'), ['user.note', 'security.capability'])
    assert.deepEqual(kept('symlink'), [])
  })

  const whiteouts: readonly [
    rule: string,
    entries: readonly TarEntry[],
    hidden: readonly string[],
    opaque: readonly string[],
  ][] = [
    ['a whiteout hides a name', [file('a/.wh.b')], ['a/b'], []],
    ['a whiteout in the root', [file('.wh.b')], ['b'], []],
    ['a whiteout next to a file of the same layer does nothing', [file('.wh.b'), file('b')], [], []],
    ['a whiteout next to a directory hides the old content only', [file('b/c'), file('.wh.b')], [], ['b']],
    ['an opaque mark', [file('a/.wh..wh..opq'), file('a/b')], [], ['a']],
    ['an opaque mark of the root', [file('.wh..wh..opq')], [], ['']],
    ['an opaque mark of what became a file', [file('a/.wh..wh..opq'), file('a')], [], []],
    ['a whiteout in what became a file', [file('a/.wh.b'), file('a')], [], []],
    ['a whiteout twice', [file('.wh.b'), file('.wh.b')], ['b'], []],
  ]
  for (const [rule, entries, hidden, opaque] of whiteouts) {
    it(rule, () => {
      assert.deepEqual(admitAll(entries).contents.whiteouts(), { hidden, opaque })
    })
  }
})
