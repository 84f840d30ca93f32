import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nextLookAtMs } from './next-look.ts'

const MAX_BYTES = 10_000_000

describe('when a log is looked at again', () => {
  const CASES: [rule: string, bytes: number, grownBytes: number, passedMs: number, afterMs: number][] = [
    ['one that does not grow: at the next quarter of a second', 5000, 0, 250, 150],
    ['so is a slow one', 5000, 100, 250, 150],
    ['and one that was rotated meanwhile', 0, -MAX_BYTES, 20, 150],
    ['a fast one: in half of the time until it is full', 2_000_000, 2_000_000, 50, 100],
    ['one at full speed: in 20 ms', 8_000_000, 8_000_000, 16, 20],
    ['one that could not be rotated: in 20 ms', 2 * MAX_BYTES, 1, 250, 20],
    ['two looks in one millisecond', 1_000_000, 100_000, 0, 45],
  ]
  for (const [rule, bytes, grownBytes, passedMs, afterMs] of CASES) {
    it(rule, () =>
      assert.equal(nextLookAtMs({ bytes, grownBytes, passedMs }, MAX_BYTES, 1_000_100), 1_000_100 + afterMs),
    )
  }
})
