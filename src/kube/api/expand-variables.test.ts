import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { expandVariables } from './expand-variables.ts'

const VALUES = new Map([
  ['A', 'alpha'],
  ['EMPTY', ''],
  ['NESTED', '$(A)'],
  ['my.var-1', 'dotted'],
])

describe('E1: $(NAME) is replaced', () => {
  const cases: [rule: string, text: string, expanded: string][] = [
    ['a known name', 'x $(A) y', 'x alpha y'],
    ['an empty value', '[$(EMPTY)]', '[]'],
    ['an unknown name stays', '$(NOPE)', '$(NOPE)'],
    ['$$ is one dollar', '$$(A) $$', '$(A) $'],
    ['$$$(A) is a dollar and the value', '$$$(A)', '$alpha'],
    ['a value is not expanded again', '$(NESTED)', '$(A)'],
    ['a name may hold dots and hyphens', '$(my.var-1)', 'dotted'],
    ['a dollar before anything else stays', '$A ${A} $', '$A ${A} $'],
    ['an open parenthesis stays', '$(A', '$(A'],
    ['names of objects are not names of variables', '$(constructor)', '$(constructor)'],
  ]
  for (const [rule, text, expanded] of cases) {
    it(rule, () =>
      assert.equal(
        expandVariables(text, (name) => VALUES.get(name)),
        expanded,
      ),
    )
  }

  it('a text whose dollars are doubled comes out as it was', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        assert.equal(
          expandVariables(text.replaceAll('$', '$$$$'), () => 'never'),
          text,
        )
      }),
    )
  })
})
