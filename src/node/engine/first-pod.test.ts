import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openMemoryStore } from '../store/memory-store.ts'
import { PODS } from '../store/resources.ts'
import { firstPod } from './first-pod.ts'
import { testPod } from './test-pod.ts'

describe('firstPod', () => {
  const { signal } = new AbortController()

  it('is there already', async () => {
    const store = openMemoryStore()
    await store.create(PODS, testPod())
    assert.equal(await firstPod(store, signal), true)
    await store.close()
  })

  it('comes', async () => {
    const store = openMemoryStore()
    const comes = firstPod(store, signal)
    await store.create(PODS, testPod())
    assert.equal(await comes, true)
    await store.close()
  })

  it('never comes', async () => {
    const store = openMemoryStore()
    const stop = new AbortController()
    const comes = firstPod(store, stop.signal)
    stop.abort()
    assert.equal(await comes, false)
    await store.close()
  })
})
