import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { durationText, parseDurationMs } from './duration.ts'

describe('parseDurationMs', () => {
  const CASES: [text: string, milliseconds: number | undefined][] = [
    ['30s', 30_000],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['500ms', 500],
    ['1.204567s', 1_204.567],
    ['250µs', 0.25],
    ['0', 0],
    ['', undefined],
    ['30', undefined],
    ['s', undefined],
    ['-3s', undefined],
    ['3 s', undefined],
    ['3d', undefined],
  ]
  for (const [text, milliseconds] of CASES)
    it(JSON.stringify(text), () => assert.equal(parseDurationMs(text), milliseconds))
})

describe('durationText', () => {
  const CASES: [milliseconds: number, text: string][] = [
    [0, '0 s'],
    [4, '0 s'],
    [213, '0.21 s'],
    [1_000, '1 s'],
    [1_204, '1.2 s'],
    [10_000, '10 s'],
    [40_499, '40 s'],
    [119_000, '119 s'],
    [120_000, '2 min'],
    [300_000, '5 min'],
    [150_000, '2 min 30 s'],
  ]
  for (const [milliseconds, text] of CASES) it(text, () => assert.equal(durationText(milliseconds), text))
})
