import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openMemoryStore } from '../store/memory-store.ts'
import { CONFIG_MAPS, type Namespace, NAMESPACES, PODS, SECRETS } from '../store/resources.ts'
import type { KubeObject, Resource, Store } from '../store/store.ts'
import { emptyNamespaces } from './empty-namespaces.ts'

const NOW_MS = Date.parse('2026-01-02T03:04:05Z')
const MINE = { name: 'mine' }

async function withController(run: (store: Store) => Promise<void>): Promise<void> {
  const store = openMemoryStore()
  const stop = new AbortController()
  const complaints: string[] = []
  const all = {
    store,
    resources: [NAMESPACES, PODS, CONFIG_MAPS, SECRETS],
    nowMs: () => NOW_MS,
    log: (line: string) => complaints.push(line),
  }
  const running = emptyNamespaces(all, stop.signal)
  try {
    await run(store)
  } finally {
    stop.abort()
    await running
    await store.close()
  }
  assert.deepEqual(complaints, [])
}

/** Settles with the first state of the namespace that is as wanted; undefined: it is gone. */
async function until(
  store: Store,
  wanted: (namespace: Namespace | undefined) => boolean,
): Promise<Namespace | undefined> {
  const signal = AbortSignal.timeout(5_000)
  const watch = store.watch({ resource: NAMESPACES, fromResourceVersion: store.resourceVersion, signal })
  const now = store.get(NAMESPACES, MINE)
  if (wanted(now)) return now
  for await (const event of watch) {
    const namespace = event.type === 'DELETED' || event.type === 'BOOKMARK' ? undefined : event.object
    if (wanted(namespace)) return namespace
  }
  throw new Error('the namespace did not become as wanted within 5 s')
}

const make = (store: Store, resource: Resource, metadata: object): Promise<KubeObject> =>
  store.create(resource, {
    apiVersion: 'v1',
    kind: resource.kind,
    metadata: { namespace: 'mine', uid: crypto.randomUUID(), ...metadata },
    ...(resource === PODS ? { spec: { nodeName: 'here', terminationGracePeriodSeconds: 5, containers: [] } } : {}),
  })

async function makeNamespace(store: Store): Promise<void> {
  await store.create(NAMESPACES, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { ...MINE, uid: 'n' },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  })
}

const terminate = (store: Store): Promise<Namespace> =>
  store.modify(NAMESPACES, MINE, (namespace) => ({
    ...namespace,
    metadata: { ...namespace.metadata, deletionTimestamp: '2026-01-02T03:04:05Z' },
    status: { phase: 'Terminating' },
  }))

describe('a namespace that is deleted', () => {
  it('is gone at once when nothing is in it', () =>
    withController(async (store) => {
      await makeNamespace(store)
      await terminate(store)
      await until(store, (namespace) => namespace === undefined)
    }))

  it('takes along what is in it, and nothing else', () =>
    withController(async (store) => {
      await makeNamespace(store)
      for (const name of ['a', 'b']) await make(store, CONFIG_MAPS, { name })
      await make(store, SECRETS, { name: 'a' })
      await make(store, SECRETS, { name: 'a', namespace: 'other' })
      await terminate(store)
      await until(store, (namespace) => namespace === undefined)
      assert.deepEqual(store.list(CONFIG_MAPS).items, [])
      assert.deepEqual(
        store.list(SECRETS).items.map(({ metadata }) => metadata.namespace),
        ['other'],
      )
    }))

  it('waits for its pods, which keep their grace, and for finalizers, and says so', () =>
    withController(async (store) => {
      await makeNamespace(store)
      await make(store, PODS, { name: 'web' })
      await make(store, CONFIG_MAPS, { name: 'held', finalizers: ['x.io/one'] })
      await terminate(store)
      const waiting = await until(store, (namespace) => (namespace?.status?.conditions?.length ?? 0) > 0)
      assert.deepEqual(
        waiting?.status?.conditions
          ?.filter(({ status }) => status === 'True')
          .map(({ type, reason, message, lastTransitionTime }) => [type, reason, message, lastTransitionTime]),
        [
          [
            'NamespaceContentRemaining',
            'SomeResourcesRemain',
            'Some resources are remaining: pods. has 1 resource instances, configmaps. has 1 resource instances',
            '2026-01-02T03:04:05Z',
          ],
          [
            'NamespaceFinalizersRemaining',
            'SomeFinalizersRemain',
            'Some content in the namespace has finalizers remaining: x.io/one in 1 resource instances',
            '2026-01-02T03:04:05Z',
          ],
        ],
      )
      const { metadata } = store.get(PODS, { namespace: 'mine', name: 'web' }) ?? assert.fail()
      assert.deepEqual([metadata.deletionTimestamp, metadata.deletionGracePeriodSeconds], ['2026-01-02T03:04:10Z', 5])
      await store.delete(PODS, { namespace: 'mine', name: 'web' })
      await store.delete(CONFIG_MAPS, { namespace: 'mine', name: 'held' })
      await until(store, (namespace) => namespace === undefined)
    }))

  it('stays for other finalizers of its own', () =>
    withController(async (store) => {
      await makeNamespace(store)
      await store.modify(NAMESPACES, MINE, (namespace) => ({
        ...namespace,
        spec: { finalizers: ['kubernetes', 'x.io/one'] },
      }))
      await terminate(store)
      const left = await until(store, (namespace) => namespace?.spec?.finalizers?.length === 1)
      assert.deepEqual(left?.spec?.finalizers, ['x.io/one'])
    }))

  it('was deleted before the controller began', async () => {
    const store = openMemoryStore()
    await makeNamespace(store)
    await make(store, CONFIG_MAPS, { name: 'a' })
    await terminate(store)
    const stop = new AbortController()
    const all = { store, resources: [NAMESPACES, CONFIG_MAPS], nowMs: () => NOW_MS, log: assert.fail }
    const running = emptyNamespaces(all, stop.signal)
    await until(store, (namespace) => namespace === undefined)
    stop.abort()
    await running
    await store.close()
  })
})
