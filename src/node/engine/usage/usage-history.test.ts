import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type UsageHistory, type UsageRate, usageRate, withSample } from './usage-history.ts'

/** Half a core and a mebibyte, at so many seconds. */
function at(seconds: number, change: { readonly cpuNanoseconds?: number } = {}): UsageHistory[number] {
  return { atMs: seconds * 1000, cpuNanoseconds: seconds * 5e8, workingSetBytes: 2 ** 20, ...change }
}

function after(...samples: UsageHistory): UsageHistory {
  return samples.reduce<UsageHistory>(withSample, [])
}

describe('usageRate', () => {
  const half = (atSeconds: number, windowSeconds: number): UsageRate => ({
    atMs: atSeconds * 1000,
    windowMs: windowSeconds * 1000,
    cpuNanocores: 5e8,
    memoryBytes: 2 ** 20,
  })
  const cases: [rule: string, history: UsageHistory, expected: UsageRate | undefined][] = [
    ['nothing is known', after(), undefined],
    ['one sample is no rate', after(at(100)), undefined],
    ['half a second is too short', after(at(100), at(100.5)), undefined],
    ['a second will do', after(at(100), at(101)), half(101, 1)],
    [
      'who asks each second is told of ten',
      after(...[...Array(30).keys()].map((each) => at(100 + each))),
      half(129, 10),
    ],
    ['who asks each quarter minute is told of that', after(at(100), at(115), at(130)), half(130, 15)],
    ['more than a minute ago says nothing about now', after(at(100), at(161)), undefined],
    ['the clock was set back', after(at(100), at(50), at(51)), half(51, 1)],
    ['another group of the same name', after(at(100), at(110, { cpuNanoseconds: 5 })), undefined],
  ]
  for (const [rule, history, expected] of cases) it(rule, () => assert.deepEqual(usageRate(history), expected))

  it('keeps little, and its windows are between a second and a minute', () => {
    const step = fc.record({ afterMs: fc.integer({ min: 1, max: 20_000 }), nanoseconds: fc.nat(2e10) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let history: UsageHistory = []
        let last = { atMs: 0, cpuNanoseconds: 0, workingSetBytes: 0 }
        for (const { afterMs, nanoseconds } of steps) {
          last = { ...last, atMs: last.atMs + afterMs, cpuNanoseconds: last.cpuNanoseconds + nanoseconds }
          history = withSample(history, last)
          const rate = usageRate(history)
          if (rate !== undefined) assert.ok(rate.windowMs >= 1_000 && rate.windowMs <= 60_000 && rate.cpuNanocores >= 0)
          assert.ok(history.filter(({ atMs }) => last.atMs - atMs >= 10_000).length <= 1)
        }
      }),
    )
  })
})
