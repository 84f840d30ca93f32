import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Failure } from '../../../failure.ts'
import { applyJsonPatch, type JsonPatchOperation, readJsonPatch } from './json-patch.ts'

type Case = readonly [what: string, document: unknown, patch: readonly JsonPatchOperation[], result: unknown]

/** The examples of RFC 6902, appendix A, by their number. */
const APPLIED: readonly Case[] = [
  ['A.1 adding an object member', { foo: 'bar' }, [add('/baz', 'qux')], { baz: 'qux', foo: 'bar' }],
  ['A.2 adding an item', { foo: ['bar', 'baz'] }, [add('/foo/1', 'qux')], { foo: ['bar', 'qux', 'baz'] }],
  ['A.3 removing a member', { baz: 'qux', foo: 'bar' }, [{ op: 'remove', path: '/baz' }], { foo: 'bar' }],
  ['A.4 removing an item', { foo: ['bar', 'q', 'baz'] }, [{ op: 'remove', path: '/foo/1' }], { foo: ['bar', 'baz'] }],
  ['A.5 replacing a value', { baz: 'q' }, [{ op: 'replace', path: '/baz', value: 'boo' }], { baz: 'boo' }],
  [
    'A.6 moving a value',
    { foo: { bar: 'baz', waldo: 'fred' }, qux: { corge: 'grault' } },
    [{ op: 'move', from: '/foo/waldo', path: '/qux/thud' }],
    { foo: { bar: 'baz' }, qux: { corge: 'grault', thud: 'fred' } },
  ],
  [
    'A.7 moving an item',
    { foo: ['all', 'grass', 'cows', 'eat'] },
    [{ op: 'move', from: '/foo/1', path: '/foo/3' }],
    { foo: ['all', 'cows', 'eat', 'grass'] },
  ],
  [
    'A.8 testing a value: success',
    { baz: 'qux', foo: ['a', 2, 'c'] },
    [
      { op: 'test', path: '/baz', value: 'qux' },
      { op: 'test', path: '/foo/1', value: 2 },
    ],
    { baz: 'qux', foo: ['a', 2, 'c'] },
  ],
  [
    'A.10 adding a nested object',
    { foo: 'bar' },
    [add('/child', { grandchild: {} })],
    { foo: 'bar', child: { grandchild: {} } },
  ],
  [
    'A.11 ignoring what it does not know',
    { foo: 'bar' },
    [{ ...add('/baz', 'q'), ...{ xyz: 1 } }],
    { foo: 'bar', baz: 'q' },
  ],
  ['A.14 escapes', { '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: 10 }], { '/': 9, '~1': 10 }],
  [
    'A.16 adding a list as an item',
    { foo: ['bar'] },
    [add('/foo/-', ['abc', 'def'])],
    { foo: ['bar', ['abc', 'def']] },
  ],
  ['copying', { a: { b: 1 } }, [{ op: 'copy', from: '/a', path: '/c' }, add('/c/b', 2)], { a: { b: 1 }, c: { b: 2 } }],
  ['the whole document', { a: 1 }, [{ op: 'replace', path: '', value: [] }], []],
  ['a test for null of what is not there', {}, [{ op: 'test', path: '/a', value: null }], {}],
  [
    'an odd name',
    {},
    [add('/__proto__', { a: 1 }), { op: 'test', path: '/__proto__/a', value: 1 }],
    JSON.parse('{"__proto__":{"a":1}}'),
  ],
]

const REFUSED: readonly (readonly [what: string, document: unknown, patch: readonly JsonPatchOperation[]])[] = [
  ['A.9 testing a value: error', { baz: 'qux' }, [{ op: 'test', path: '/baz', value: 'bar' }]],
  ['A.12 adding to what is not there', { foo: 'bar' }, [add('/baz/bat', 'qux')]],
  ['A.15 comparing text and number', { '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: '10' }]],
  ['an operation nobody knows', {}, [{ op: 'nope', path: '/a' }]],
  ['an index beyond the end', { a: [1] }, [add('/a/2', 1)]],
  ['an index with a zero before it', { a: [1, 2] }, [{ op: 'remove', path: '/a/01' }]],
  ['removing what is not there', {}, [{ op: 'remove', path: '/a' }]],
  ['replacing what is not there', {}, [{ op: 'replace', path: '/a', value: 1 }]],
  ['a pointer without a slash', { a: 1 }, [{ op: 'remove', path: 'a' }]],
  ['no path', {}, [{ op: 'add', value: 1 }]],
  ['no value', {}, [{ op: 'add', path: '/a' }]],
  ['what every object inherits', {}, [{ op: 'remove', path: '/toString' }]],
  ['moving into itself', { a: { b: 1 } }, [{ op: 'move', from: '/a', path: '/a/b' }]],
]

function add(path: string, value: unknown): JsonPatchOperation {
  return { op: 'add', path, value }
}

function refusedWith(reason: string, message: RegExp): (thrown: unknown) => boolean {
  return (thrown) => thrown instanceof Failure && thrown.reason === reason && message.test(thrown.message)
}

describe('JSON patch', () => {
  for (const [what, document, patch, expected] of APPLIED) {
    it(`applies ${what}`, () => {
      const before = JSON.stringify(document)
      assert.deepEqual(applyJsonPatch(document, readJsonPatch(patch).operations), expected)
      assert.equal(JSON.stringify(document), before)
    })
  }

  for (const [what, document, patch] of REFUSED) {
    it(`refuses ${what}`, () => {
      const refused = refusedWith('Invalid', /^the server rejected our request due to an error in our request$/)
      assert.throws(() => applyJsonPatch(document, patch), refused)
    })
  }

  it('refuses what is no list, and more than 10,000 operations', () => {
    const decoding = /^error decoding patch: json: cannot unmarshal object into Go value/
    assert.throws(() => readJsonPatch({}), refusedWith('BadRequest', decoding))
    const tooMany = Array.from({ length: 10_001 }, () => add('/a', 1))
    const limit = /^Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001$/
    assert.throws(() => readJsonPatch(tooMany), refusedWith('RequestEntityTooLarge', limit))
  })

  it('names members that mean nothing', () => {
    assert.deepEqual(readJsonPatch([{ ...add('/a', 1), pathh: '/a' }]).unknown, ['[0].pathh'])
  })

  it('lets copies not grow without end', () => {
    const doubling = Array.from({ length: 40 }, () => ({ op: 'copy', from: '/a', path: '/a/-' }))
    assert.throws(() => applyJsonPatch({ a: ['x'.repeat(100)] }, doubling), refusedWith('Invalid', /rejected/))
  })

  it('undoes what it did', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), fc.jsonValue(), (document, name, value) => {
        if (Object.hasOwn(document, name)) return
        const path = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
        const json = JSON.parse(JSON.stringify(document)) as unknown
        const same = applyJsonPatch(json, [add(path, value), { op: 'test', path, value }, { op: 'remove', path }])
        assert.deepEqual(same, json)
      }),
    )
  })
})
