import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { KubeObject } from './store.ts'
import { markDeleted } from './mark-deleted.ts'

const NOW_MS = Date.parse('2026-01-02T03:00:00Z')

const LIVING: KubeObject = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', generation: 1 } }
const DYING: KubeObject = {
  ...LIVING,
  metadata: { name: 'web', generation: 2, deletionTimestamp: '2026-01-02T03:00:30Z', deletionGracePeriodSeconds: 30 },
}

describe('graceful deletion (H5)', () => {
  const cases: [rule: string, before: KubeObject, graceSeconds: number | undefined, expected: object][] = [
    [
      'is due after the grace period, and is a new generation',
      LIVING,
      30,
      { generation: 2, deletionTimestamp: '2026-01-02T03:00:30Z', deletionGracePeriodSeconds: 30 },
    ],
    [
      'with a grace period of 0 is due now',
      LIVING,
      0,
      { generation: 2, deletionTimestamp: '2026-01-02T03:00:00Z', deletionGracePeriodSeconds: 0 },
    ],
    [
      'asked for again with less is due earlier, counted from the first request',
      DYING,
      5,
      { generation: 2, deletionTimestamp: '2026-01-02T03:00:05Z', deletionGracePeriodSeconds: 5 },
    ],
    ['asked for again with more stays as it is', DYING, 60, DYING.metadata],
    ['asked for again with as much stays as it is', DYING, 30, DYING.metadata],
    ['asked for again without a period stays as it is', DYING, undefined, DYING.metadata],
  ]
  for (const [rule, before, graceSeconds, expected] of cases) {
    it(rule, () => {
      const laterMs = before === DYING ? 20_000 : 0
      const { metadata } = markDeleted(before, graceSeconds, NOW_MS + laterMs)
      assert.deepEqual(metadata, { name: 'web', ...expected })
    })
  }
})
