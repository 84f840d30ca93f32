import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { FAILURE_REASONS } from '../src/failure.ts'

const PROJECT = join(import.meta.dirname, '..')

it('docs/failures.md explains every failure reason, and no other', () => {
  const text = readFileSync(join(PROJECT, 'docs/failures.md'), 'utf8')
  const explained = [...text.matchAll(/^\| ([A-Z]\w+) +\|/gm)].map(([, reason]) => reason)
  assert.deepEqual(explained, [...FAILURE_REASONS])
})

it('every failure reason is used somewhere', () => {
  const code = readdirSync(join(PROJECT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && path !== 'failure.ts')
    .map((path) => readFileSync(join(PROJECT, 'src', path), 'utf8'))
    .join('\n')
  assert.deepEqual(
    FAILURE_REASONS.filter((reason) => !code.includes(`'${reason}'`)),
    [],
  )
})
