import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseFieldSelector } from './field-selector.ts'

describe('a field selector', () => {
  const selectors: [text: string, expected: string[]][] = [
    ['', []],
    ['a=b', ['a is b']],
    ['a==b', ['a is b']],
    ['a!=b', ['a is not b']],
    ['a=b,c!=d', ['a is b', 'c is not d']],
    ['a=', ['a is ']],
    ['a=b\\,c', ['a is b,c']],
    ['a=b\\=c\\\\', ['a is b=c\\']],
    ['involvedObject.fieldPath=spec.containers{a}', ['involvedObject.fieldPath is spec.containers{a}']],
  ]
  for (const [text, expected] of selectors) {
    it(JSON.stringify(text), () => {
      assert.deepEqual(
        parseFieldSelector(text).map(({ field, equals, value }) => `${field} is ${equals ? '' : 'not '}${value}`),
        expected,
      )
    })
  }

  for (const text of ['a', 'a=b,c', 'a=b=c', 'a=b\\x']) {
    it(`${JSON.stringify(text)} is refused`, () => {
      assert.throws(() => parseFieldSelector(text), { reason: 'BadRequest' })
    })
  }
})
