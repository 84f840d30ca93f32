import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { parsePod } from '../parse-pod.ts'
import { emptyObject } from './empty-object.ts'
import type { FieldSet } from './field-set.ts'
import type { JsonObject } from './json-value.ts'
import { isReset, type ManagedEntry, readManagedFields, writeManagedFields } from './managed-fields.ts'
import { trackUpdate, type TrackedUpdate } from './track-update.ts'

interface Recorded {
  readonly created: readonly { readonly case: string; readonly request: JsonObject; readonly fieldsV1: FieldSet }[]
  readonly status: { readonly status: JsonObject; readonly fieldsV1: FieldSet }
}

const recorded = JSON.parse(readFileSync(new URL('testdata/managed-fields.json', import.meta.url), 'utf8')) as Recorded

const TIME = '2026-01-02T03:04:05Z'
const by = { manager: 'tester', operation: 'Update', apiVersion: 'v1' } as const

function track(change: Partial<TrackedUpdate>): ManagedEntry[] {
  return trackUpdate({ typeName: 'V1ConfigMap', before: {}, after: {}, entries: [], by, time: TIME, ...change })
}

/** In later versions than the recorded one these are owned as a whole. */
const WHOLE_NOW = ['f:fieldRef']

function asLaterVersions(set: FieldSet): FieldSet {
  const parts = Object.entries(set).map(([element, below]): [string, FieldSet] => [
    element,
    WHOLE_NOW.includes(element) ? {} : asLaterVersions(below),
  ])
  return Object.fromEntries(parts)
}

describe('managed fields', () => {
  for (const { case: what, request, fieldsV1 } of recorded.created) {
    it(`who creates a pod owns what a real server says: ${what}`, () => {
      const parsed = parsePod(request)
      assert.ok(parsed.ok)
      const after = parsed.value as unknown as JsonObject
      const [entry, ...more] = track({ typeName: 'V1Pod', before: emptyObject('V1Pod'), after })
      assert.deepEqual(more, [])
      assert.deepEqual(entry, { ...by, time: TIME, fields: asLaterVersions(fieldsV1) })
    })
  }

  it('who reports a status owns what a real server says', () => {
    const { status, fieldsV1 } = recorded.status
    const scheduled = (status['conditions'] as JsonObject[]).filter(({ type }) => type === 'PodScheduled')
    const before = { status: { phase: 'Pending', qosClass: 'BestEffort', conditions: scheduled } }
    const reporter = { ...by, manager: 'kubelet', subresource: 'status' }
    const [entry] = track({ typeName: 'V1Pod', before, after: { status }, by: reporter })
    assert.deepEqual(entry?.fields, fieldsV1)
    assert.equal(entry.subresource, 'status')
  })

  it('a field belongs to who changed it last; who owns none is gone', () => {
    const first = track({ after: { data: { a: '1', b: '1' } } })
    assert.deepEqual(first[0]?.fields, { 'f:data': { '.': {}, 'f:a': {}, 'f:b': {} } })
    const before = { data: { a: '1', b: '1' } }
    const other = { ...by, manager: 'other' }
    const second = track({ before, after: { data: { a: '2', b: '1' } }, entries: first, by: other })
    assert.deepEqual(
      second.map(({ manager, fields }) => [manager, fields]),
      [
        ['tester', { 'f:data': { '.': {}, 'f:b': {} } }],
        ['other', { 'f:data': { 'f:a': {} } }],
      ],
    )
    const third = track({ before: { data: { a: '2', b: '1' } }, after: { data: { b: '1' } }, entries: second })
    assert.deepEqual(
      third.map(({ manager }) => manager),
      ['tester'],
    )
  })

  it('a write that changes nothing leaves times alone', () => {
    const data = { data: { a: '1' } }
    const entries = track({ before: {}, after: data, time: '2020-01-01T00:00:00Z' })
    assert.deepEqual(track({ before: data, after: data, entries }), entries)
  })

  it('what only the server writes belongs to nobody', () => {
    const metadata = { name: 'x', uid: 'u', resourceVersion: '1', generation: 2, creationTimestamp: TIME, labels: {} }
    const [entry] = track({ before: { metadata: {} }, after: { kind: 'ConfigMap', apiVersion: 'v1', metadata } })
    assert.deepEqual(entry?.fields, { 'f:metadata': { 'f:labels': {} } })
  })

  it('of more than ten who update the oldest are taken together', () => {
    let entries: ManagedEntry[] = []
    let before: JsonObject = { data: {} }
    for (let index = 0; index < 14; index++) {
      const after = { data: { ...(before['data'] as JsonObject), [`k${index}`]: 'x' } }
      const time = `2026-01-01T00:00:${String(index).padStart(2, '0')}Z`
      entries = track({ before, after, entries, by: { ...by, manager: `m${index}` }, time })
      before = after
    }
    const managers = writeManagedFields(entries).map(({ manager }) => manager)
    assert.deepEqual(managers, ['ancient-changes', 'm5', 'm6', 'm7', 'm8', 'm9', 'm10', 'm11', 'm12', 'm13'])
    const ancient = entries.find(({ manager }) => manager === 'ancient-changes')
    assert.deepEqual(Object.keys(ancient?.fields['f:data'] ?? {}).sort(), ['f:k0', 'f:k1', 'f:k2', 'f:k3', 'f:k4'])
  })

  it('are read as they were written; what is no such list is none', () => {
    const entries = track({ after: { data: { a: '1' } }, by: { ...by, subresource: 'status' } })
    assert.deepEqual(readManagedFields(JSON.parse(JSON.stringify(writeManagedFields(entries)))), entries)
    const wrong: unknown[] = [
      undefined,
      {},
      [{}],
      [{ ...writeManagedFields(entries)[0], operation: 'Delete' }],
      [{ ...writeManagedFields(entries)[0], fieldsV1: { 'k:nope': {} } }],
    ]
    for (const value of wrong) assert.deepEqual(readManagedFields(value), [], JSON.stringify(value))
    assert.deepEqual([isReset([{}]), isReset([]), isReset(undefined)], [true, false, false])
  })
})
