import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Labels, matchesLabels, parseLabelSelector } from './label-selector.ts'

const WEB: Labels = { app: 'web', tier: 'front', 'example.com/size': '7', empty: '' }

describe('a label selector', () => {
  const selectors: [selector: string, matches: boolean][] = [
    ['', true],
    ['  ', true],
    ['app=web', true],
    ['app==web', true],
    [' app = web , tier = front ', true],
    ['app=api', false],
    ['app!=api', true],
    ['app!=web', false],
    ['missing!=web', true],
    ['app=', false],
    ['empty=', true],
    ['app', true],
    ['missing', false],
    ['!missing', true],
    ['! app', false],
    ['app in (api, web)', true],
    ['app in (api)', false],
    ['app notin (api)', true],
    ['missing notin (api)', true],
    ['empty in ()', true],
    ['empty in (a,)', true],
    ['example.com/size>6', true],
    ['example.com/size < 7', false],
    ['app>1', false],
    ['app=web,tier=back', false],
    ['app in (web),!missing,tier', true],
  ]
  for (const [selector, matches] of selectors) {
    it(`"${selector}" ${matches ? 'matches' : 'does not match'}`, () => {
      assert.equal(matchesLabels(parseLabelSelector(selector), WEB), matches)
    })
  }

  it('matches an object without labels when it asks for nothing', () => {
    assert.equal(matchesLabels(parseLabelSelector('!app'), undefined), true)
    assert.equal(matchesLabels(parseLabelSelector('app'), undefined), false)
  })

  const refusals: [selector: string, message: RegExp][] = [
    ['a===b', /^unable to parse requirement: found '=', expected: identifier$/],
    ['a=b,', /^unable to parse requirement: found '', expected: identifier after ','$/],
    [',', /found ',', expected: identifier$/],
    ['a b', /found 'b', expected: in, notin, =, ==, !=, gt, lt$/],
    ['a in b', /found 'b', expected: '\('$/],
    ['a in (b', /found '', expected: ',' or '\)'$/],
    ['!a=b', /found '=', expected: ',' or 'end of string'$/],
    ['a>x', /the value must be an integer/],
    ['a=-x-', /^unable to parse requirement: values\[0\]\[a\]: Invalid value: "-x-": a valid label must be/],
    ['-/-=b', /^unable to parse requirement: key: Invalid value: "-\/-": /],
  ]
  for (const [selector, message] of refusals) {
    it(`"${selector}" is refused`, () => {
      assert.throws(() => parseLabelSelector(selector), { reason: 'BadRequest', message })
    })
  }
})
