import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { measureServer } from '../src/main/metrics/measure-server.ts'
import { openMemoryStore } from '../src/node/store/memory-store.ts'
import { parseMetrics } from './parse-metrics.ts'

it('docs/metrics.md explains every metric of a server with its type, and no other', async () => {
  const text = readFileSync(join(import.meta.dirname, '..', 'docs', 'metrics.md'), 'utf8')
  const documented = [...text.matchAll(/^\| `([a-z_]+)` +\| (\w+) +\| ([\w, ]*?) *\|/gm)]
  const store = openMemoryStore()
  const families = parseMetrics(measureServer(store, () => undefined).requests.text())
  await store.close()
  assert.deepEqual(
    documented.map(([, name = '', type]) => `${name} ${type}`).sort(),
    Array.from(families, ([name, { type }]) => `${name} ${type}`).sort(),
  )
  const labels = new Map(documented.map(([, name = '', , named = '']) => [name, named]))
  for (const [name, { samples, help }] of families) {
    assert.match(help, /\.$/, name)
    for (const sample of samples) assert.equal(Object.keys(sample.labels).join(', '), labels.get(name), name)
  }
})
