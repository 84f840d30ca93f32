import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isOnlyHeld, removeUnlessHeld, unlessLetGo } from './held-object.ts'
import type { KubeObject } from './store.ts'

const NOW_MS = Date.parse('2026-01-02T03:00:00Z')
const NOW = '2026-01-02T03:00:00Z'
const EARLIER = '2026-01-02T02:59:00Z'
const LATER = '2026-01-02T03:00:30Z'

type Metadata = KubeObject['metadata']

const object = (metadata: Metadata): KubeObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata })

describe('an object that is to go', () => {
  const finalizers = ['x.io/one']
  const cases: [rule: string, before: Metadata, left: Metadata | undefined][] = [
    ['goes when nothing holds it', { name: 'a', generation: 1 }, undefined],
    [
      'is marked while finalizers hold it, and is a new generation',
      { finalizers, generation: 1 },
      { finalizers, generation: 2, deletionTimestamp: NOW, deletionGracePeriodSeconds: 0 },
    ],
    [
      'loses what is left of its grace',
      { finalizers, generation: 2, deletionTimestamp: LATER, deletionGracePeriodSeconds: 30 },
      { finalizers, generation: 2, deletionTimestamp: NOW, deletionGracePeriodSeconds: 0 },
    ],
    [
      'keeps the instant of a grace that is over',
      { finalizers, deletionTimestamp: EARLIER, deletionGracePeriodSeconds: 30 },
      { finalizers, deletionTimestamp: EARLIER, deletionGracePeriodSeconds: 0 },
    ],
    [
      'stays as it is when it is marked already',
      { finalizers, generation: 2, deletionTimestamp: EARLIER, deletionGracePeriodSeconds: 0 },
      { finalizers, generation: 2, deletionTimestamp: EARLIER, deletionGracePeriodSeconds: 0 },
    ],
  ]
  for (const [rule, before, left] of cases) {
    it(rule, () => {
      const after = removeUnlessHeld(object(before), NOW_MS)
      assert.deepEqual(after?.metadata, left)
      if (after !== undefined) assert.ok(isOnlyHeld(after))
    })
  }
})

describe('an update of an object that is to go', () => {
  const held = { deletionTimestamp: NOW, deletionGracePeriodSeconds: 0, finalizers: ['x.io/one'] }
  const cases: [rule: string, current: KubeObject, next: KubeObject, goes: boolean][] = [
    ['takes it away with its last finalizer', object(held), object({ ...held, finalizers: [] }), true],
    ['leaves it while one is there', object(held), object({ ...held, labels: { a: 'b' } }), false],
    [
      'leaves it to its node while it has grace',
      object({ ...held, deletionGracePeriodSeconds: 30 }),
      object({ ...held, deletionGracePeriodSeconds: 30, finalizers: [] }),
      false,
    ],
    [
      'leaves it to its node when no finalizer held it',
      object({ ...held, finalizers: [] }),
      object({ ...held, finalizers: [], labels: { a: 'b' } }),
      false,
    ],
    ['leaves what nobody deleted', object({ finalizers: ['x.io/one'] }), object({}), false],
    ['takes a namespace away with the last finalizer of its spec', namespace(['kubernetes']), namespace([]), true],
    [
      'leaves a namespace that another one holds',
      namespace(['kubernetes', 'x.io/one']),
      namespace(['x.io/one']),
      false,
    ],
  ]
  for (const [rule, current, next, goes] of cases) {
    it(rule, () => assert.equal(unlessLetGo(next, current), goes ? undefined : next))
  }
})

function namespace(finalizers: readonly string[]): KubeObject & { readonly spec: object } {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { deletionTimestamp: NOW }, spec: { finalizers } }
}
