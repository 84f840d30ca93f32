import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { EVENTS } from '../store/resources.ts'
import { recordEvent } from '../store/record-event.ts'
import { TestServer } from './test-server.ts'

const PATH = '/apis/events.k8s.io/v1/namespaces/default/events'

const NEW_EVENT = {
  metadata: { name: 'new' },
  regarding: { kind: 'Pod', name: 'web', namespace: 'default' },
  reportingController: 'example.com/robot',
  reportingInstance: 'robot-1',
  eventTime: '2026-01-02T03:04:05.123456Z',
  action: 'Looking',
  reason: 'Looked',
  note: 'looked at it',
  type: 'Normal',
}

describe('events.k8s.io shows core Events', () => {
  let server: TestServer
  before(async () => {
    server = await TestServer.open()
    recordEvent(server.store, {
      involvedObject: { kind: 'Pod', name: 'web', namespace: 'default', uid: 'u' },
      type: 'Warning',
      reason: 'BackOff',
      message: 'waits',
      nowMs: server.nowMs,
      source: { component: 'kubelet', host: 'node' },
    })
  })
  after(() => server[Symbol.asyncDispose]())

  it('by their new names', async () => {
    const { json } = await server.get(PATH)
    const [event] = (json as unknown as { items: Record<string, unknown>[] }).items
    const { metadata, ...rest } = event ?? {}
    assert.deepEqual(rest, {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      eventTime: null,
      regarding: { kind: 'Pod', name: 'web', namespace: 'default', uid: 'u' },
      reason: 'BackOff',
      note: 'waits',
      type: 'Warning',
      reportingController: 'kubelet',
      reportingInstance: 'node',
      deprecatedSource: { component: 'kubelet', host: 'node' },
      deprecatedFirstTimestamp: '2026-01-02T03:04:05Z',
      deprecatedLastTimestamp: '2026-01-02T03:04:05Z',
      deprecatedCount: 1,
    })
    const [stored] = server.store.list(EVENTS).items
    assert.deepEqual(metadata, stored?.metadata)
  })

  it('and what is written there is a core Event', async () => {
    const created = await server.send('POST', PATH, { body: NEW_EVENT })
    assert.equal(created.code, 201, created.text)
    const { json } = await server.get('/api/v1/namespaces/default/events/new')
    const { metadata, ...rest } = json as Record<string, unknown>
    const { regarding, reportingController, note, metadata: sent, ...same } = NEW_EVENT
    assert.equal((metadata as { name: string }).name, sent.name)
    assert.deepEqual(rest, {
      apiVersion: 'v1',
      kind: 'Event',
      ...same,
      involvedObject: regarding,
      reportingComponent: reportingController,
      message: note,
    })
    const read = await server.get(`${PATH}/new`)
    assert.deepEqual(read.json, created.json)
    const watch = server.watch(`${PATH}?watch=1&resourceVersion=0&fieldSelector=regarding.name%3Dweb,type%3DNormal`)
    const { value } = await watch.next()
    assert.deepEqual([value?.type, value?.object.metadata.name], ['ADDED', 'new'])
    await watch.return()
    const table = await server.get(PATH, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' })
    const { rows } = JSON.parse(table.text) as { rows: { cells: unknown[] }[] }
    assert.deepEqual(
      rows.map(({ cells }) => [cells[3], cells[6]]),
      [
        ['pod/web', 'looked at it'],
        ['pod/web', 'waits'],
      ],
    )
  })

  it('only whole Events can be made there', async () => {
    const { json } = await server.send('POST', PATH, {
      body: { metadata: { name: 'x' }, type: 'Odd', deprecatedCount: 1, eventTime: NEW_EVENT.eventTime, action: 'a' },
    })
    const { causes } = (json as { details: { causes: { field: string; message: string }[] } }).details
    assert.deepEqual(
      causes.map(({ field, message }) => `${field}: ${message}`).filter((line) => !line.includes('name part')),
      [
        'reportingController: Required value',
        'reportingInstance: Required value',
        'reason: Required value',
        'type: Invalid value: "": has invalid value: Odd',
      ],
    )
  })

  it('deleted here is deleted there', async () => {
    assert.equal((await server.send('DELETE', `${PATH}/new`)).code, 200)
    assert.equal((await server.get('/api/v1/namespaces/default/events/new')).code, 404)
  })
})
