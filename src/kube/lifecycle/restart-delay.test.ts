import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type BackOff,
  cappedBackOff,
  earnedDelayMs,
  FAST_BACK_OFF,
  nextCounters,
  NORMAL_BACK_OFF,
  restartDelayMs,
} from './restart-delay.ts'
import { exit, exited, NOW_MS, record, running, sampleContainer } from './sample-pod.ts'
import { startRetryAtMs, startRetryDelayMs } from './start-retry-delay.ts'

const web = sampleContainer('web')

describe('back-off', () => {
  it('R2: the first restart is immediate, then 10 s doubling to 300 s', () => {
    const delays = [0, 1, 2, 3, 4, 5, 6, 7, 100, 5_000].map((crashes) => restartDelayMs(crashes))
    assert.deepEqual(delays, [0, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000, 300_000])
  })

  it('R4: the fast curve goes from 1 s to 60 s', () => {
    const delays = [0, 1, 2, 6, 7, 99].map((crashes) => restartDelayMs(crashes, FAST_BACK_OFF))
    assert.deepEqual(delays, [0, 1_000, 2_000, 32_000, 60_000, 60_000])
  })

  const caps: readonly (readonly [title: string, curve: BackOff, capMs: number, delaysMs: readonly number[]])[] = [
    ['30 s', NORMAL_BACK_OFF, 30_000, [0, 10_000, 20_000, 30_000, 30_000]],
    ['less than the first delay', NORMAL_BACK_OFF, 4_000, [0, 4_000, 4_000]],
    ['of the fast curve', FAST_BACK_OFF, 3_000, [0, 1_000, 2_000, 3_000]],
    ['more than the curve has', FAST_BACK_OFF, Infinity, [0, 1_000, 2_000, 4_000]],
  ]
  for (const [title, curve, capMs, delaysMs] of caps) {
    it(`R3: a node's cap: ${title}`, () => {
      const backOff = cappedBackOff(curve, capMs)
      assert.deepEqual(
        delaysMs.map((_delay, crashes) => restartDelayMs(crashes, backOff)),
        delaysMs,
      )
    })
  }

  it('R3: a curve whose cap is its first delay does not grow', () => {
    const capped = { firstMs: 5_000, maxMs: 5_000 }
    assert.deepEqual(
      [0, 1, 2, 9].map((crashes) => restartDelayMs(crashes, capped)),
      [0, 5_000, 5_000, 5_000],
    )
  })

  it('S14: a volume that cannot be made is tried again every ten seconds, however often it was', () => {
    const failure = { is: 'not-started', reason: 'FailedMount', message: 'no such path', failedAtMs: NOW_MS } as const
    const pauses = [1, 2, 9].map((attempts) => startRetryAtMs({ ...failure, attempts }) - NOW_MS)
    assert.deepEqual(pauses, [10_000, 10_000, 10_000])
  })

  it('R2: ten minutes of running wipe the slate', () => {
    const long = exit(1, { startedAtMs: NOW_MS - 601_000 })
    const shorter = exit(1, { startedAtMs: NOW_MS - 600_999 })
    assert.equal(earnedDelayMs(web, record(long, { crashes: 4 }), { exit: long, backOff: undefined }), 0)
    assert.equal(earnedDelayMs(web, record(shorter, { crashes: 4 }), { exit: shorter, backOff: undefined }), 80_000)
    assert.deepEqual(nextCounters(record(long, { restarts: 9, crashes: 4 })), { restarts: 10, crashes: 1 })
    assert.deepEqual(nextCounters(record(shorter, { restarts: 9, crashes: 4 })), { restarts: 10, crashes: 5 })
  })

  it('R9: a start that is tried again is no restart', () => {
    for (const again of [running(), record({ is: 'absent' }, { restarts: 2, crashes: 1 })]) {
      const { restarts, crashes } = again
      assert.deepEqual(nextCounters(again), { restarts, crashes })
    }
    assert.deepEqual(nextCounters(exited(0)), { restarts: 1, crashes: 1 })
  })

  it('Q10: pulls back off on a curve of their own; what somebody may mend does not', () => {
    assert.deepEqual([1, 2, 3, 6, 50].map(startRetryDelayMs), [10_000, 20_000, 40_000, 300_000, 300_000])
    const failure = { is: 'not-started', message: '', failedAtMs: NOW_MS, attempts: 4 } as const
    assert.equal(startRetryAtMs({ ...failure, reason: 'ErrImagePull' }), NOW_MS + 80_000)
    assert.equal(startRetryAtMs({ ...failure, reason: 'CreateContainerConfigError' }), NOW_MS + 10_000)
  })
})
