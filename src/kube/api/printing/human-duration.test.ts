import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { humanDuration } from './human-duration.ts'

const SECOND = 1
const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const YEAR = 365 * DAY

describe('a length of time as kubectl prints it', () => {
  const cases: [seconds: number, text: string][] = [
    [-2, '<invalid>'],
    [-1.9, '0s'],
    [-0.5, '0s'],
    [0, '0s'],
    [1.99, '1s'],
    [119 * SECOND, '119s'],
    [2 * MINUTE, '2m'],
    [2 * MINUTE + 1, '2m1s'],
    [9 * MINUTE + 59, '9m59s'],
    [10 * MINUTE + 59, '10m'],
    [179 * MINUTE, '179m'],
    [3 * HOUR, '3h'],
    [7 * HOUR + 59 * MINUTE, '7h59m'],
    [8 * HOUR + 59 * MINUTE, '8h'],
    [47 * HOUR, '47h'],
    [2 * DAY, '2d'],
    [7 * DAY + 23 * HOUR, '7d23h'],
    [8 * DAY + 23 * HOUR, '8d'],
    [2 * YEAR - HOUR, '729d'],
    [2 * YEAR, '2y'],
    [7 * YEAR + 364 * DAY, '7y364d'],
    [8 * YEAR + 364 * DAY, '8y'],
  ]
  for (const [seconds, text] of cases) {
    it(`${seconds} s: ${text}`, () => assert.equal(humanDuration(seconds * 1000), text))
  }
})
