import assert from 'node:assert/strict'
import { isIP as nodeIsIP } from 'node:net'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  brokenByDataKey,
  brokenByEnvName,
  brokenByLabel,
  brokenByLabelValue,
  brokenByPortName,
  brokenByQualifiedName,
  brokenBySubdomain,
  isIP,
} from './names.ts'

describe('names that Kubernetes takes and refuses', () => {
  const cases: [rule: (text: string) => string[], good: string[], bad: string[]][] = [
    [brokenByLabel, ['a', '0', 'a-b', 'a'.repeat(63)], ['', 'A', '-a', 'a-', 'a.b', 'a_b', 'ä', 'a\n', 'a'.repeat(64)]],
    [brokenBySubdomain, ['a', 'a.b', '1.2', 'a-b.c'], ['', '.', 'a.', '.a', 'a..b', 'a.-b', 'A.b', 'a'.repeat(254)]],
    [brokenByLabelValue, ['', 'a', 'A.b_c-d', '1'], ['-a', 'a-', 'a b', 'a/b', 'a'.repeat(64)]],
    [brokenByQualifiedName, ['a', 'A.b', 'example.com/a', 'a/B_c'], ['', '/a', 'a/', 'a/b/c', 'A/b', 'a b', '-a']],
    [brokenByEnvName, ['A', '_a', 'a.b', '-', 'my-1'], ['', '1a', 'a b', 'a=b', '.', '..', '..a']],
    [brokenByDataKey, ['a', 'a.b', '1', '_'], ['', 'a/b', 'a b', '.', '..', '..a']],
    [brokenByPortName, ['http', 'a', 'a-1', 'x'.repeat(15)], ['', '80', 'HTTP', 'a--b', '-a', 'a-', 'x'.repeat(16)]],
  ]
  for (const [rule, good, bad] of cases) {
    it(rule.name, () => {
      for (const text of good) assert.deepEqual(rule(text), [], text)
      for (const text of bad) assert.notDeepEqual(rule(text), [], text)
    })
  }
})

describe('addresses', () => {
  it('are what the operating system takes for one', () => {
    const part = fc.constantFrom(
      '0',
      '1',
      '9',
      '10',
      '255',
      '256',
      '01',
      'f',
      'ffff',
      '12345',
      '',
      '::',
      ':',
      '.',
      '1.2.3.4',
    )
    const text = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.array(part, { maxLength: 9 }).map((parts) => parts.join(':')),
      fc.array(part, { maxLength: 5 }).map((parts) => parts.join('.')),
    )
    fc.assert(
      fc.property(text, (each) => assert.equal(isIP(each), nodeIsIP(each) !== 0)),
      { numRuns: 2_000 },
    )
  })
})
