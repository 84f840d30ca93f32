import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseCopyPlace, splitRemotePath } from './copy-place.ts'

describe('the ends of a copy', () => {
  for (const [text, expected] of [
    ['file', { is: 'local', path: 'file' }],
    ['./a:b', { is: 'local', path: './a:b' }],
    ['/tmp/a:b', { is: 'local', path: '/tmp/a:b' }],
    ['../a:b', { is: 'local', path: '../a:b' }],
    ['web:/tmp', { is: 'remote', namespace: undefined, pod: 'web', path: '/tmp' }],
    ['shop/web:a', { is: 'remote', namespace: 'shop', pod: 'web', path: 'a' }],
    ['web:/a:b', { is: 'remote', namespace: undefined, pod: 'web', path: '/a:b' }],
  ] as const) {
    it(text, () => assert.deepEqual(parseCopyPlace(text), expected))
  }
  for (const text of ['', ':/tmp', 'web:', 'a/b/c:/tmp', 'shop/:/tmp']) {
    it(`refused: ${JSON.stringify(text)}`, () => assert.throws(() => parseCopyPlace(text), /empty|NAMESPACE/))
  }
  for (const [path, folder, name] of [
    ['/var/log/app', '/var/log', 'app'],
    ['/var/log/', '/var', 'log'],
    ['a/b', 'a', 'b'],
    ['a', '.', 'a'],
    ['/a', '/', 'a'],
    ['/', '/', '.'],
    ['.', '.', '.'],
    ['a/..', '.', '.'],
    ['../..', '../..', '.'],
    ['/a/./b', '/a', 'b'],
  ] as const) {
    it(`in the container: ${path}`, () => assert.deepEqual(splitRemotePath(path), { folder, name }))
  }
})
