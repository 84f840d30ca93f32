import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { openMemoryStore } from '../store/memory-store.ts'
import { CONFIG_MAPS, NAMESPACES, SERVICE_ACCOUNTS } from '../store/resources.ts'
import type { KubeObject, Resource, Store } from '../store/store.ts'
import { furnishNamespaces } from './furnish-namespaces.ts'

const SHOP = { namespace: 'shop', name: 'default' }
const ROOT = { namespace: 'shop', name: 'kube-root-ca.crt' }

describe('furnishNamespaces', () => {
  let store: Store
  let stopping: AbortController
  let running: Promise<void>
  beforeEach(async () => {
    store = openMemoryStore()
    stopping = new AbortController()
    await makeNamespace('shop')
    const parts = { store, nowMs: () => Date.UTC(2026, 0, 2), log: assert.fail, authority: 'PEM' }
    running = furnishNamespaces(parts, stopping.signal)
  })
  afterEach(async () => {
    stopping.abort()
    await running
    await store.close()
  })

  const makeNamespace = (name: string, deletionTimestamp?: string): Promise<unknown> =>
    store.create(NAMESPACES, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }) },
    })

  /** Waits until it is there and as it should be. */
  async function until<T extends KubeObject>(
    resource: Resource<T>,
    key: { namespace: string; name: string },
    isGood: (object: T) => boolean = () => true,
  ): Promise<T> {
    const from = store.resourceVersion
    const now = store.get(resource, key)
    if (now !== undefined && isGood(now)) return now
    for await (const event of store.watch({ resource, fromResourceVersion: from, signal: AbortSignal.timeout(5000) })) {
      if (event.type === 'BOOKMARK' || event.type === 'DELETED') continue
      const { namespace, name } = event.object.metadata
      if (namespace === key.namespace && name === key.name && isGood(event.object)) return event.object
    }
    assert.fail(`waited 5 s for ${key.namespace}/${key.name}`)
  }

  it('makes the account and the certificate, in new namespaces too', async () => {
    await until(SERVICE_ACCOUNTS, SHOP)
    assert.equal((await until(CONFIG_MAPS, ROOT)).data?.['ca.crt'], 'PEM')
    await makeNamespace('later')
    await until(SERVICE_ACCOUNTS, { namespace: 'later', name: 'default' })
    await until(CONFIG_MAPS, { namespace: 'later', name: 'kube-root-ca.crt' })
  })

  it('makes them again when they were deleted', async () => {
    const first = await until(SERVICE_ACCOUNTS, SHOP)
    await until(CONFIG_MAPS, ROOT)
    await store.delete(SERVICE_ACCOUNTS, SHOP)
    await store.delete(CONFIG_MAPS, ROOT)
    await until(SERVICE_ACCOUNTS, SHOP, ({ metadata }) => metadata.uid !== first.metadata.uid)
    await until(CONFIG_MAPS, ROOT)
  })

  it('puts the certificate back that somebody replaced', async () => {
    await until(CONFIG_MAPS, ROOT)
    await store.modify(CONFIG_MAPS, ROOT, (now) => ({ ...now, data: { 'ca.crt': 'another' } }))
    await until(CONFIG_MAPS, ROOT, ({ data }) => data?.['ca.crt'] === 'PEM')
  })

  it('leaves a namespace alone that is being deleted', async () => {
    await makeNamespace('going', '2026-01-02T00:00:00Z')
    await makeNamespace('later')
    await until(SERVICE_ACCOUNTS, { namespace: 'later', name: 'default' })
    assert.equal(store.get(SERVICE_ACCOUNTS, { namespace: 'going', name: 'default' }), undefined)
  })
})
