import assert from 'node:assert/strict'
import { it } from 'node:test'
import { clampInstants } from './clamp-instants.ts'

it('dates what lies in the future now, at any depth, and nothing else', () => {
  const value = { startedAtMs: 10_000, count: 99_000, list: [{ sinceMs: 50_000 }, { sinceMs: 3 }], not: undefined }
  assert.deepEqual(clampInstants(value, 20_000), {
    startedAtMs: 10_000,
    count: 99_000,
    list: [{ sinceMs: 20_000 }, { sinceMs: 3 }],
    not: undefined,
  })
})

it('leaves alone what is within a second, or past', () => {
  const value = { is: 'exited', finishedAtMs: 20_900, inner: { killedAtMs: 1 } }
  assert.equal(clampInstants(value, 20_000), value)
})
