import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  computeImageGarbage,
  DEFAULT_IMAGE_GARBAGE_POLICY,
  type DiskUsage,
  type ImageGarbagePolicy,
  type ImageOnDisk,
  usedPercent,
} from './compute-image-garbage.ts'

const NOW_MS = 1_000_000_000
const HOUR_MS = 3_600_000

/** Used `hours` ago, with content of its own of ten units. */
function image(id: string, hours: number, change: Partial<ImageOnDisk> = {}): ImageOnDisk {
  return { id, inUse: false, neededAtMs: NOW_MS - hours * HOUR_MS, content: [{ name: id, sizeBytes: 10 }], ...change }
}

function full(percent: number): DiskUsage {
  return { capacityBytes: 100, availableBytes: 100 - percent }
}

const OLD = image('old', 3)
const MIDDLE = image('middle', 2)
const NEW = image('new', 1)

describe('computeImageGarbage', () => {
  const table: readonly (readonly [
    rule: string,
    images: readonly ImageOnDisk[],
    disk: DiskUsage,
    policy: Partial<ImageGarbagePolicy>,
    ids: string[],
    missingBytes: number,
  ])[] = [
    ['below the high threshold nothing goes', [OLD, NEW], full(84), {}, [], 0],
    ['at the high threshold the oldest goes, until the low one', [NEW, OLD, MIDDLE], full(85), {}, ['old'], 0],
    ['as many as it takes', [NEW, MIDDLE, OLD], full(95), {}, ['old', 'middle'], 0],
    ['what is in use stays, however old', [image('used', 9, { inUse: true }), NEW], full(85), {}, ['new'], 0],
    ['what came just now stays', [image('fresh', 0), NEW], full(99), {}, ['new'], 9],
    ['two minutes old: may go', [image('fresh', 1 / 30)], full(85), {}, ['fresh'], 0],
    ['from the future, since the clock was set back: stays', [image('odd', -5)], full(99), {}, [], 19],
    ['nothing to free: says how much is missing', [], full(90), {}, [], 10],
    ['at 100 percent it is off', [OLD], full(100), { highThresholdPercent: 100 }, [], 0],
    ['over the maximum age it goes in any case', [OLD, NEW], full(10), { maximumAgeMs: 2 * HOUR_MS }, ['old'], 0],
    ['but not when it is in use', [{ ...OLD, inUse: true }], full(10), { maximumAgeMs: HOUR_MS }, [], 0],
  ]
  for (const [rule, images, disk, change, ids, missingBytes] of table) {
    it(rule, () => {
      const policy = { ...DEFAULT_IMAGE_GARBAGE_POLICY, ...change }
      assert.deepEqual(computeImageGarbage(images, { disk, policy, nowMs: NOW_MS }), { ids, missingBytes })
    })
  }

  it('counts what images share when the last of them goes', () => {
    const base = { name: 'base', sizeBytes: 50 }
    const images = [
      image('one', 3, { content: [base, { name: 'a', sizeBytes: 1 }] }),
      image('two', 2, { content: [base, base, { name: 'b', sizeBytes: 1 }] }),
      image('three', 1),
    ]
    const policy = DEFAULT_IMAGE_GARBAGE_POLICY
    assert.deepEqual(computeImageGarbage(images, { disk: full(95), policy, nowMs: NOW_MS }).ids, ['one', 'two'])
  })

  it('counts percent as the kubelet does: any part of one is taken', () => {
    assert.equal(usedPercent({ capacityBytes: 1_000, availableBytes: 155 }), 85)
    assert.equal(usedPercent({ capacityBytes: 1_000, availableBytes: 0 }), 100)
  })

  it('never takes what is in use or just came, takes the oldest first, and no more than it must', () => {
    const piece = fc.record({ name: fc.constantFrom('p', 'q', 'r', 's', 't', 'u'), number: fc.nat(3) })
    const anyImage = fc.record({
      inUse: fc.boolean(),
      neededAtMs: fc.integer({ min: NOW_MS - 600_000, max: NOW_MS + 60_000 }),
      // One name has one size.
      content: fc.array(piece.map(({ name, number }) => ({ name: `${name}${number}`, sizeBytes: number * 7 + 1 }))),
    })
    fc.assert(
      fc.property(fc.array(anyImage, { maxLength: 12 }), fc.integer({ min: 0, max: 200 }), (some, availableBytes) => {
        const images = some.map((one, index): ImageOnDisk => ({ id: `image-${index}`, ...one }))
        const disk = { capacityBytes: 200, availableBytes }
        const policy = DEFAULT_IMAGE_GARBAGE_POLICY
        const { ids, missingBytes } = computeImageGarbage(images, { disk, policy, nowMs: NOW_MS })
        const mayGo = images.filter((each) => !each.inUse && NOW_MS - each.neededAtMs >= policy.minimumAgeMs)
        const gone = images.filter(({ id }) => ids.includes(id))
        assert.ok(gone.every((each) => mayGo.includes(each)))
        const newestGone = Math.max(-Infinity, ...gone.map(({ neededAtMs }) => neededAtMs))
        const kept = mayGo.filter((each) => !gone.includes(each))
        assert.ok(kept.every(({ neededAtMs }) => neededAtMs >= newestGone))
        const wantedBytes = 40 - availableBytes
        if (usedPercent(disk) < 85) assert.deepEqual(ids, [])
        else {
          assert.ok(freedBy(images, ids) + missingBytes >= wantedBytes)
          assert.ok(freedBy(images, ids.slice(0, -1)) < wantedBytes, 'the last one had to go, too')
          if (missingBytes > 0) assert.equal(gone.length, mayGo.length)
        }
      }),
    )
  })
})

function freedBy(images: readonly ImageOnDisk[], ids: readonly string[]): number {
  const left = images.filter(({ id }) => !ids.includes(id)).flatMap(({ content }) => content.map(({ name }) => name))
  const gone = images.filter(({ id }) => ids.includes(id)).flatMap(({ content }) => content)
  const pieces = new Map(gone.map(({ name, sizeBytes }) => [name, sizeBytes]))
  return [...pieces].reduce((sum, [name, sizeBytes]) => sum + (left.includes(name) ? 0 : sizeBytes), 0)
}
