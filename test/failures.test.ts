import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { FAILURE_REASONS } from '../src/failure.ts'

it('docs/failures.md explains every failure reason, and no other', () => {
  const text = readFileSync(join(import.meta.dirname, '..', 'docs', 'failures.md'), 'utf8')
  const explained = [...text.matchAll(/^\| ([A-Z]\w+) +\|/gm)].map(([, reason]) => reason)
  assert.deepEqual(explained, [...FAILURE_REASONS])
})
