import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { placeEntry, type Placed } from './place-entry.ts'

const file = (name: string, asked = 'data', type = '0', linkName = ''): Placed =>
  placeEntry({ name, type, linkName }, asked)

describe('where an entry of a container’s archive goes', () => {
  for (const [what, placed, expected] of [
    ['a file that was asked for', file('data'), { is: 'file', path: [] }],
    ['a file below', file('data/a/b'), { is: 'file', path: ['a', 'b'] }],
    ['with dots and slashes that mean nothing', file('./data//a/./b'), { is: 'file', path: ['a', 'b'] }],
    ['a directory', file('data/a/', 'data', '5'), { is: 'directory', path: ['a'] }],
    ['all of a folder', file('./a/b', '.'), { is: 'file', path: ['a', 'b'] }],
    ['names with blanks and backslashes', file('data/a b\\..\\c'), { is: 'file', path: ['a b\\..\\c'] }],
    ['a hard link', file('data/b', 'data', '1', 'data/a'), { is: 'copy-of', path: ['b'], of: ['a'] }],
  ] as const) {
    it(what, () => assert.deepEqual(placed, expected))
  }

  for (const [what, name, asked] of [
    ['an absolute name', '/etc/passwd', 'data'],
    ['an absolute name, also below', '/data/a', 'data'],
    ['upwards at once', '../a', 'data'],
    ['upwards from below', 'data/../../a', 'data'],
    ['upwards at the end', 'data/..', 'data'],
    ['upwards, though it stays below', 'data/a/../b', 'data'],
    ['upwards from all of a folder', 'a/../../b', '.'],
    ['something else', 'other/a', 'data'],
    ['something that begins the same', 'database/a', 'data'],
    ['nothing', '', 'data'],
    ['a zero byte', 'data/a\0b', 'data'],
    ['only dots', './.', 'data'],
  ] as const) {
    it(`refused: ${what}`, () => {
      for (const type of ['0', '1', '2', '5']) assert.equal(file(name, asked, type, 'data/a').is, 'refused', type)
    })
  }

  for (const [what, type, linkName] of [
    ['a symbolic link that leads elsewhere', '2', '/etc'],
    ['a symbolic link that stays', '2', 'a'],
    ['a hard link to elsewhere', '1', '/etc/passwd'],
    ['a hard link upwards', '1', 'data/../../x'],
    ['a device', '3', ''],
    ['a fifo', '6', ''],
    ['a type that nobody knows', 'Z', ''],
  ] as const) {
    it(`left out: ${what}`, () => assert.equal(file('data/x', 'data', type, linkName).is, 'skipped'))
  }

  it('no name leads out of the destination', () => {
    const part = fc.constantFrom('..', '.', '', 'a', 'data', '...', '. .', '\0', '/')
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), fc.constantFrom('0', '1', '2', '5'), (parts, type) => {
        const placed = file(parts.join('/'), 'data', type, parts.toReversed().join('/'))
        const paths = 'path' in placed ? [placed.path, ...('of' in placed ? [placed.of] : [])] : []
        for (const name of paths.flat()) assert.ok(!['..', '.', ''].includes(name) && !/[/\0]/.test(name), name)
      }),
    )
  })
})
