import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, it } from 'node:test'

const ROOT = resolve(import.meta.dirname, '..')
const ROW = /^\| ([SRPH]\d+) +\| [^|]+ \| (yes|differs|no) +\|([^|]*)\|$/gm

interface Row {
  readonly id: string
  readonly is: string
  readonly how: string
}

const rows: Row[] = [...readFileSync(join(ROOT, 'docs', 'pod-lifecycle.md'), 'utf8').matchAll(ROW)].map(
  ([, id = '', is = '', how = '']) => ({ id, is, how: how.trim() }),
)

function testsBelow(folder: string): string[] {
  const own = join('test', 'pod-lifecycle.test.ts')
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => join(folder, path))
    .filter((path) => path.endsWith('.test.ts') && path !== own)
    .map((path) => readFileSync(join(ROOT, path), 'utf8'))
}

/** The IDs in a test, `P9–P12` being four. */
function citedIn(text: string): string[] {
  const ranges = [...text.matchAll(/\b([SRPH])(\d+)–\1(\d+)\b/g)].flatMap(([, letter = '', from, to]) =>
    Array.from({ length: Number(to) - Number(from) + 1 }, (_, index) => `${letter}${Number(from) + index}`),
  )
  return [...ranges, ...[...text.matchAll(/\b[SRPH]\d+\b/g)].map(([id]) => id)]
}

describe('the rules of docs/pod-lifecycle.md', () => {
  const count = { S: 14, R: 10, P: 15, H: 11 }

  it('are all there, in order', () => {
    const expected = Object.entries(count).flatMap(([letter, most]) =>
      Array.from({ length: most }, (_, index) => `${letter}${index + 1}`),
    )
    assert.deepEqual(
      rows.map(({ id }) => id),
      expected,
    )
  })

  it('are each cited by a test, unless they are not carried out', () => {
    const cited = new Set(['src', 'test'].flatMap(testsBelow).flatMap(citedIn))
    const missing = rows.filter(({ id, is }) => is !== 'no' && !cited.has(id))
    assert.deepEqual(missing, [])
  })

  it('say how they differ', () => {
    assert.deepEqual(
      rows.filter(({ is, how }) => is !== 'yes' && how === ''),
      [],
    )
  })
})
