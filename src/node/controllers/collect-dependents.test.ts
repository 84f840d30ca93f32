import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openMemoryStore } from '../store/memory-store.ts'
import { removeUnlessHeld } from '../store/held-object.ts'
import { type Propagation, withPropagation } from '../store/propagation.ts'
import { CONFIG_MAPS } from '../store/resources.ts'
import type { KubeObject, Store } from '../store/store.ts'
import { collectDependents } from './collect-dependents.ts'
import { type Collection, decideCollection, type OwnerState } from './decide-collection.ts'

const NOW_MS = Date.parse('2026-01-02T03:04:05Z')

type Metadata = KubeObject['metadata']
type Owner = NonNullable<Metadata['ownerReferences']>[number]

const owner = (uid: string, change: Partial<Owner> = {}): Owner => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name: uid,
  uid,
  ...change,
})

function map(name: string, metadata: Partial<Metadata> = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default', name, uid: name, ...metadata } }
}

describe('whether an object goes after its owners', () => {
  const states: Readonly<Record<string, OwnerState>> = { here: 'stays', gone: 'gone', going: 'waits-for-dependents' }
  const owned = (...uids: string[]): KubeObject => map('a', { ownerReferences: uids.map((uid) => owner(uid)) })
  const gone: Collection = { do: 'delete', propagation: undefined }
  const cases: [rule: string, object: KubeObject, hasDependents: boolean, expected: Collection][] = [
    ['what has no owner stays', map('a'), false, { do: 'nothing' }],
    ['what has an owner that stays, stays', owned('here'), false, { do: 'nothing' }],
    ['what lost its only owner goes', owned('gone'), false, gone],
    [
      'what lost one of its owners stays, and forgets that one',
      owned('here', 'gone'),
      false,
      { do: 'drop-owners', uids: ['gone'] },
    ],
    ['what an owner waits for goes', owned('going'), false, gone],
    ['and waits in turn for what depends on it', owned('going'), true, { do: 'delete', propagation: 'Foreground' }],
    [
      'it does not hold up an owner while another one stays',
      owned('here', 'going'),
      true,
      { do: 'drop-owners', uids: ['going'] },
    ],
    [
      'what is being deleted is left alone',
      map('a', { ownerReferences: [owner('gone')], deletionTimestamp: '2026-01-02T03:04:05Z' }),
      false,
      { do: 'nothing' },
    ],
  ]
  for (const [rule, object, hasDependents, expected] of cases) {
    it(rule, () => {
      assert.deepEqual(
        decideCollection(object, ({ uid }) => states[uid] ?? assert.fail(uid), hasDependents),
        expected,
      )
    })
  }
})

async function withController(run: (store: Store) => Promise<void>): Promise<void> {
  const store = openMemoryStore()
  const stop = new AbortController()
  const complaints: string[] = []
  const log = (line: string): void => void complaints.push(line)
  const running = collectDependents({ store, resources: [CONFIG_MAPS], nowMs: () => NOW_MS, log }, stop.signal)
  try {
    await run(store)
  } finally {
    stop.abort()
    await running
    await store.close()
  }
  assert.deepEqual(complaints, [])
}

const create = (store: Store, name: string, metadata: Partial<Metadata> = {}): Promise<KubeObject> =>
  store.create(CONFIG_MAPS, map(name, metadata))

const remove = (store: Store, name: string, policy?: Propagation): Promise<KubeObject> =>
  store.modify(CONFIG_MAPS, { namespace: 'default', name }, (current) =>
    removeUnlessHeld(withPropagation(current, policy), NOW_MS),
  )

const names = (store: Store): (string | undefined)[] =>
  store.list(CONFIG_MAPS).items.map(({ metadata }) => metadata.name)

/** The names that went, in the order in which they went, until those are left that are wanted. */
async function wentUntil(store: Store, from: string, left: readonly string[]): Promise<string[]> {
  const gone: string[] = []
  const signal = AbortSignal.timeout(5_000)
  for await (const event of store.watch({ resource: CONFIG_MAPS, fromResourceVersion: from, signal })) {
    if (event.type === 'DELETED') gone.push(event.object.metadata.name ?? '')
    if (names(store).join() === left.join()) return gone
  }
  throw new Error(`${names(store).join()} are left after 5 s`)
}

describe('garbage collection', () => {
  it('in the background takes all that depended, and what depended on that', () =>
    withController(async (store) => {
      await create(store, 'root')
      await create(store, 'child', { ownerReferences: [owner('root')] })
      await create(store, 'grandchild', { ownerReferences: [owner('child')] })
      await create(store, 'stranger')
      await create(store, 'foreign', { ownerReferences: [owner('x', { kind: 'Unheard', apiVersion: 'x.io/v1' })] })
      const from = store.resourceVersion
      await remove(store, 'root')
      assert.deepEqual(await wentUntil(store, from, ['foreign', 'stranger']), ['root', 'child', 'grandchild'])
    }))

  it('in the foreground keeps the owner until what blocks it is gone', () =>
    withController(async (store) => {
      const blocking = { blockOwnerDeletion: true }
      await create(store, 'root')
      await create(store, 'child', { ownerReferences: [owner('root', blocking)] })
      await create(store, 'grandchild', { ownerReferences: [owner('child', blocking)] })
      const from = store.resourceVersion
      await remove(store, 'root', 'Foreground')
      assert.deepEqual(await wentUntil(store, from, []), ['grandchild', 'child', 'root'])
    }))

  it('orphans: dependents stay and forget their owner', () =>
    withController(async (store) => {
      await create(store, 'root')
      await create(store, 'child', { ownerReferences: [owner('root')] })
      const from = store.resourceVersion
      await remove(store, 'root', 'Orphan')
      await wentUntil(store, from, ['child'])
      const child = store.get(CONFIG_MAPS, { namespace: 'default', name: 'child' })
      assert.deepEqual(child?.metadata.ownerReferences, undefined)
    }))

  it('takes what is made with an owner that is gone already, or is another one by the same name', () =>
    withController(async (store) => {
      await create(store, 'root')
      const from = store.resourceVersion
      await create(store, 'late', { ownerReferences: [owner('never')] })
      await create(store, 'mistaken', { ownerReferences: [owner('old-uid', { name: 'root' })] })
      assert.deepEqual((await wentUntil(store, from, ['root'])).toSorted(), ['late', 'mistaken'])
    }))

  it('of two owners needs both to be gone', () =>
    withController(async (store) => {
      for (const name of ['one', 'two']) await create(store, name)
      await create(store, 'child', { ownerReferences: [owner('one'), owner('two')] })
      await remove(store, 'one')
      const from = store.resourceVersion
      await remove(store, 'two')
      assert.deepEqual(await wentUntil(store, from, []), ['two', 'child'])
    }))
})
