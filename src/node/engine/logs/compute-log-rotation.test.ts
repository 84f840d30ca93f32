import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { LogFile, LogOnDisk, LogSteps } from './compute-log-rotation.ts'
import { computeLogRotation } from './compute-log-rotation.ts'
import { keptLogName, keptLogNames } from './kept-log-name.ts'

const LIMITS = { maxBytes: 100, maxFiles: 3, maxHeldBytes: 1000 }
const NOW_MS = Date.parse('2026-01-02T15:04:05.678Z')
const NOW = '0.log.20260102-150405'

const live = (bytes: number): LogFile => ({ name: '0.log', inode: 1, bytes })
const old = (number: number, bytes = 100): LogFile => ({
  name: `0.log.20260101-00000${number}`,
  inode: 10 + number,
  bytes,
})
const restOf = (number: number): LogFile => ({ ...old(number, 1), name: `${old(number).name}.rest` })
const nameOf = (number: number): string => old(number).name

describe('computeLogRotation (Q9)', () => {
  const CASES: [rule: string, log: Partial<LogOnDisk>, steps: LogSteps][] = [
    ['a log that is not full is left alone', { live: live(99) }, { remove: [] }],
    ['a full one is kept under the name of the second', { live: live(100) }, { remove: [], keepAs: NOW }],
    ['the oldest makes room', { live: live(100), kept: [old(1), old(2)] }, { remove: [nameOf(1)], keepAs: NOW }],
    ['there is room for two beside the live one', { live: live(1), kept: [old(1), old(2)] }, { remove: [] }],
    ['too many of them go, full or not', { live: live(1), kept: [old(1), old(2), old(3)] }, { remove: [nameOf(1)] }],
    [
      'what became too large at full speed makes others go',
      { live: live(250), kept: [old(1)] },
      { remove: [nameOf(1)], keepAs: NOW },
    ],
    ['the newest stays, however large', { live: live(1), kept: [old(1, 900)] }, { remove: [] }],
    [
      'what is being read stays, and what is newer',
      { live: live(100), kept: [old(1), old(2), old(3), old(4)], held: [12, 14] },
      { remove: [nameOf(1)], keepAs: NOW },
    ],
    [
      'until that is too much',
      { live: live(100), kept: [old(1, 500), old(2, 500), old(3)], held: [11] },
      { remove: [nameOf(1)], keepAs: NOW },
    ],
    [
      'who reads a file that was removed is before all that are left',
      { live: live(100), kept: [old(2), old(3), old(4)], held: [11] },
      { remove: [], keepAs: NOW },
    ],
    [
      'what is left of a removed file is none, and goes with the next',
      { live: live(1), kept: [restOf(1), old(2), old(3)] },
      { remove: [] },
    ],
    [
      'so it is when the next is removed',
      { live: live(100), kept: [restOf(1), old(2), old(3)] },
      { remove: [restOf(1).name, nameOf(2)], keepAs: NOW },
    ],
    ['who reads the live one holds nothing', { kept: [old(1), old(2), old(3)], held: [1] }, { remove: [nameOf(1)] }],
    [
      'a rotation that was cut short goes on under its name',
      { live: live(1), kept: [old(1), { ...old(2), inode: 1 }] },
      { remove: [], keepAs: nameOf(2) },
    ],
  ]
  for (const [rule, change, steps] of CASES) {
    it(rule, () => {
      assert.deepEqual(computeLogRotation({ live: live(0), kept: [], held: [], ...change }, LIMITS, NOW_MS), steps)
    })
  }

  it('whatever comes, what is left is a whole end of the log within the limits', () => {
    const sizes = fc.array(fc.nat(400), { maxLength: 9 })
    fc.assert(
      fc.property(fc.nat(400), sizes, fc.array(fc.integer({ min: 1, max: 20 })), (bytes, kept, held) => {
        const log = { live: live(bytes), kept: kept.map((size, index) => old(index, size)), held }
        const { remove, keepAs } = computeLogRotation(log, LIMITS, NOW_MS)
        const names = log.kept.map(({ name }) => name)
        assert.deepEqual(remove, names.slice(0, remove.length))
        const left = log.kept.slice(remove.length)
        const isHeld = held.some((inode) => inode !== log.live.inode)
        const count = left.length + (keepAs === undefined ? 0 : 1)
        const total = left.reduce((sum, file) => sum + file.bytes, bytes)
        assert.ok(isHeld || count < LIMITS.maxFiles)
        assert.ok(count <= 1 || total <= (isHeld ? LIMITS.maxHeldBytes : LIMITS.maxBytes * LIMITS.maxFiles))
      }),
    )
  })
})

describe('the names of what is kept', () => {
  const CASES: [rule: string, kept: string[], name: string][] = [
    ['the first', [], NOW],
    ['a later one', ['0.log.20260102-150404-007'], NOW],
    ['a second one in a second', [NOW], `${NOW}-001`],
    ['the next one in a second', [`${NOW}-999`], `${NOW}-1000`],
    ['after the clock was set back', ['0.log.20270101-000000'], '0.log.20270101-000000-001'],
  ]
  for (const [rule, kept, name] of CASES) it(rule, () => assert.equal(keptLogName('0.log', kept, NOW_MS), name))

  it('each comes after all that were there', () => {
    const names: string[] = []
    for (const afterMs of [0, 0, 1000, 0, -5000, 0, 9000]) {
      names.push(keptLogName('0.log', names, NOW_MS + afterMs))
    }
    assert.deepEqual(keptLogNames('0.log', [...names].reverse()), names)
  })

  it('what is left of a removed file comes in its place, and not before the file is removed', () => {
    assert.deepEqual(keptLogNames('0.log', [`${NOW}-001`, `${NOW}.rest`]), [`${NOW}.rest`, `${NOW}-001`])
    assert.deepEqual(keptLogNames('0.log', [`${NOW}.rest`, NOW]), [NOW])
  })

  it('other files are none of them', () => {
    const others = [
      '0.log',
      '0.log.tmp',
      '1.log',
      '10.log.20260102-150405',
      '0.log.20260102-150405.gz',
      '0_log.20260102-150405',
    ]
    assert.deepEqual(keptLogNames('0.log', [...others, NOW]), [NOW])
  })
})
