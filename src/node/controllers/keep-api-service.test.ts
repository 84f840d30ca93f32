import assert from 'node:assert/strict'
import { it } from 'node:test'
import { openMemoryStore } from '../store/memory-store.ts'
import { ENDPOINT_SLICES, ENDPOINTS, SERVICES } from '../store/resources.ts'
import { keepApiService } from './keep-api-service.ts'

const KEY = { namespace: 'default', name: 'kubernetes' }

it('the Service of the API leads to the server, and comes back when it is deleted', async () => {
  const store = openMemoryStore()
  const stopping = new AbortController()
  const parts = { store, nowMs: () => Date.UTC(2026, 0, 2), log: assert.fail, address: '10.87.0.1', port: 6443 }
  const running = keepApiService(parts, stopping.signal)
  const watch = store.watch({ resource: SERVICES, fromResourceVersion: '0', signal: AbortSignal.timeout(5000) })
  const seen: string[] = []
  for await (const event of watch) {
    if (event.type === 'BOOKMARK') continue
    seen.push(event.type)
    assert.equal(event.object.spec?.clusterIP, '10.96.0.1')
    if (seen.length === 1) await store.delete(SERVICES, KEY)
    if (seen.length === 3) break
  }
  assert.deepEqual(seen, ['ADDED', 'DELETED', 'ADDED'])
  assert.deepEqual(store.get(ENDPOINTS, KEY)?.subsets?.[0]?.addresses, [{ ip: '10.87.0.1' }])
  assert.deepEqual(store.get(ENDPOINT_SLICES, KEY)?.ports?.[0]?.port, 6443)
  stopping.abort()
  await running
  await store.close()
})
