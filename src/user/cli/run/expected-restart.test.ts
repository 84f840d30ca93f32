import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Pod } from '../../../kube/api/pod.ts'
import { expectedRestartMs, type RestartBackOff } from './expected-restart.ts'

const POD = { metadata: {}, spec: { containers: [{ name: 'app' }], restartPolicy: 'Always' } } as unknown as Pod

describe('the time to the next start', () => {
  const rows: readonly (readonly [rule: string, RestartBackOff, instance: number, ranMs: number, ms: number])[] = [
    ['R2: the first one comes at once', 'normal', 0, 1_000, 0],
    ['R2: then ten seconds', 'normal', 1, 1_000, 10_000],
    ['R2: five minutes at most', 'normal', 20, 1_000, 300_000],
    ['R4: the fast curve begins with the first one at once, too', 'fast', 0, 1_000, 0],
    ['R4: then one second', 'fast', 1, 1_000, 1_000],
    ['R4: doubling', 'fast', 4, 1_000, 8_000],
    ['R4: one minute at most', 'fast', 20, 1_000, 60_000],
    ['R2, R4: ten minutes wipe the slate clean', 'fast', 20, 600_000, 0],
  ]
  for (const [rule, backOff, instance, ranMs, ms] of rows) {
    it(rule, () => {
      assert.equal(expectedRestartMs(POD, 'app', { instance, exitCode: 1, ranMs, backOff }), ms)
    })
  }
})
