import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openMemoryStore } from './memory-store.ts'
import { type EventRecord, recordEvent } from './record-event.ts'
import { EVENTS } from './resources.ts'
import type { Store } from './store.ts'

const NOW_MS = Date.parse('2026-01-02T03:04:05Z')

const started: EventRecord = {
  involvedObject: { kind: 'Pod', namespace: 'test', name: 'web', uid: 'u1', fieldPath: 'spec.containers{app}' },
  type: 'Normal',
  reason: 'Started',
  message: 'Started container app',
  nowMs: NOW_MS,
  source: { component: 'kubelet', host: 'here' },
}

describe('recordEvent', () => {
  it('stores what happened as a core/v1 Event beside the object', async () => {
    const events = await record([started])
    const { name = '', uid, ...metadata } = events[0]?.metadata ?? {}
    assert.match(name, /^web\.[0-9a-f]{16}$/)
    assert.match(uid ?? '', /^[0-9a-f-]{36}$/)
    assert.deepEqual(
      { ...events[0], metadata },
      {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { namespace: 'test', creationTimestamp: '2026-01-02T03:04:05Z', resourceVersion: '1' },
        involvedObject: started.involvedObject,
        reason: 'Started',
        message: 'Started container app',
        source: { component: 'kubelet', host: 'here' },
        firstTimestamp: '2026-01-02T03:04:05Z',
        lastTimestamp: '2026-01-02T03:04:05Z',
        count: 1,
        type: 'Normal',
        reportingComponent: 'kubelet',
        reportingInstance: 'here',
      },
    )
  })

  it('counts what happens again, at once or later', async () => {
    const again = { ...started, nowMs: NOW_MS + 60_000 }
    const events = await record([started, started, again])
    assert.deepEqual(
      events.map(({ count, firstTimestamp, lastTimestamp }) => [count, firstTimestamp, lastTimestamp]),
      [[3, '2026-01-02T03:04:05Z', '2026-01-02T03:05:05Z']],
    )
  })

  const others: [what: string, change: Partial<EventRecord>][] = [
    ['another message', { message: 'Started container other' }],
    ['another reason', { reason: 'Created' }],
    ['another type', { type: 'Warning' }],
    ['another source', { source: { component: 'default-scheduler' } }],
    ['another container', { involvedObject: { ...started.involvedObject, fieldPath: 'spec.containers{b}' } }],
    ['another pod of the same name', { involvedObject: { ...started.involvedObject, uid: 'u2' } }],
  ]
  for (const [what, change] of others) {
    it(`${what} is another Event`, async () => {
      const events = await record([started, { ...started, ...change }])
      assert.deepEqual(
        events.map(({ count }) => count),
        [1, 1],
      )
    })
  }

  it('cuts a message at 1,024 characters and keeps the name within 253', async () => {
    const long = { ...started.involvedObject, name: 'n'.repeat(253) }
    const [event] = await record([{ ...started, message: 'x'.repeat(5_000), involvedObject: long }])
    assert.equal(event?.message?.length, 1_024)
    assert.ok((event.metadata.name ?? '').length <= 253)
  })

  it('is dropped by a store that is closed', async () => {
    const store = openMemoryStore()
    await store.close()
    recordEvent(store, started)
    await settled()
    assert.equal(store.resourceVersion, '0')
  })
})

async function record(records: readonly EventRecord[]): Promise<ReturnType<typeof listEvents>> {
  const store = openMemoryStore()
  for (const one of records) recordEvent(store, one)
  await settled()
  return listEvents(store)
}

function listEvents(store: Store) {
  return store.list(EVENTS).items
}

/** A record is at most two writes; each is done in one turn of the event loop. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}
