import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Failure, type FailureReason } from '../../../failure.ts'

/** Nothing half-made is left in the directory of an image store. */
export function assertNoTemp(directory: string): void {
  assert.deepEqual(readdirSync(join(directory, 'tmp')), [])
  assert.deepEqual(readdirSync(join(directory, 'partial')), [])
}

export async function rejectsWith(promise: Promise<unknown>, reason: FailureReason, message: RegExp): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof Failure, String(error))
    assert.match(error.message, message)
    assert.equal(error.reason, reason)
    return true
  })
}
