import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { expireEvents, isExpired } from './expire-events.ts'
import { openMemoryStore } from './memory-store.ts'
import { type Event, EVENTS, PODS } from './resources.ts'
import { openSqliteStore } from './sqlite-store.ts'
import { pod } from './store-contract.ts'
import type { Store } from './store.ts'

const NOW_MS = Date.parse('2026-01-02T12:00:00Z')
const JUST_KEPT = '2026-01-02T11:00:00Z'
const TOO_OLD = '2026-01-02T10:59:59Z'
const FUTURE = '2026-01-02T12:00:01Z'

function event(name: string, change: Partial<Event> & { readonly creationTimestamp?: string }): Event {
  const { creationTimestamp = TOO_OLD, ...rest } = change
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace: 'test', creationTimestamp },
    involvedObject: { kind: 'Pod', namespace: 'test', name: 'web' },
    ...rest,
  }
}

describe('isExpired', () => {
  const table: readonly (readonly [string, Parameters<typeof event>[1], boolean])[] = [
    ['an hour old: kept', { creationTimestamp: JUST_KEPT }, false],
    ['older: expired', {}, true],
    ['told again within the hour: kept', { lastTimestamp: JUST_KEPT }, false],
    ['told again, too long ago', { lastTimestamp: TOO_OLD }, true],
    ['an eventTime counts', { eventTime: '2026-01-02T11:30:00.000000Z' }, false],
    ['the last of a series counts', { series: { count: 2, lastObservedTime: JUST_KEPT } }, false],
    ['a client that invents a last time in the future keeps nothing for ever', { lastTimestamp: FUTURE }, true],
    ['told before the clock was set back: kept until it can be told', { creationTimestamp: FUTURE }, false],
    ['without any time: kept', { creationTimestamp: '' }, false],
  ]
  for (const [rule, change, expected] of table) {
    it(rule, () => assert.equal(isExpired(event('e', change), NOW_MS), expected))
  }
})

const STORES: readonly (readonly [string, (directory: string) => Store])[] = [
  ['in memory', () => openMemoryStore()],
  ['in SQLite', (directory) => openSqliteStore({ path: join(directory, 'state.db'), survives: 'process-death' })],
]

for (const [where, open] of STORES) {
  describe(`expireEvents ${where}`, () => {
    it('removes the old ones, more than a batch, and nothing else', async () => {
      const directory = mkdtempSync(join(tmpdir(), 'peapod-events-'))
      const store = open(directory)
      try {
        const old = Array.from({ length: 250 }, (_, number) => store.create(EVENTS, event(`old-${number}`, {})))
        await Promise.all([...old, store.create(EVENTS, event('new', { lastTimestamp: JUST_KEPT }))])
        await store.create(PODS, pod('web'))
        assert.equal(await expireEvents(store, NOW_MS), 250)
        assert.deepEqual(
          store.list(EVENTS).items.map(({ metadata }) => metadata.name),
          ['new'],
        )
        assert.equal(store.list(PODS).items.length, 1)
        assert.equal(await expireEvents(store, NOW_MS), 0)
      } finally {
        await store.close()
        rmSync(directory, { recursive: true })
      }
    })

    it('leaves one that is told again, or removed, at that moment', async () => {
      const directory = mkdtempSync(join(tmpdir(), 'peapod-events-'))
      const store = open(directory)
      try {
        await Promise.all(['told', 'removed', 'old'].map((name) => store.create(EVENTS, event(name, {}))))
        const again = store.modify(EVENTS, { namespace: 'test', name: 'told' }, (known) => ({
          ...known,
          lastTimestamp: JUST_KEPT,
        }))
        const removal = store.delete(EVENTS, { namespace: 'test', name: 'removed' })
        assert.equal(await expireEvents(store, NOW_MS), 1)
        await Promise.all([again, removal])
        assert.deepEqual(
          store.list(EVENTS).items.map(({ metadata }) => metadata.name),
          ['told'],
        )
      } finally {
        await store.close()
        rmSync(directory, { recursive: true })
      }
    })
  })
}
