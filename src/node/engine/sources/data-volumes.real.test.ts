import assert from 'node:assert/strict'
import { readFileSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { unlessThereIs } from '../../../../test/needs.ts'
import { Failure } from '../../../failure.ts'
import { CONFIG_MAPS, EVENTS, PODS, SECRETS } from '../../store/resources.ts'
import { type Bench, KEY, openBench } from '../engine-bench.ts'
import type { PodApi, TokenWish } from '../pod-api.ts'
import { testContainer } from '../test-pod.ts'

const TMPFS_MAGIC = 0x01021994
const MOUNTED = testContainer({ volumeMounts: [{ name: 'v', mountPath: '/v' }] })
const SETTINGS = { namespace: 'default', name: 'settings' }
const KEYS = { namespace: 'default', name: 'keys' }

function configMap(data: Readonly<Record<string, string>>) {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...SETTINGS, uid: 'u' }, data }
}

function fileIn(bench: Bench, path: string): string | undefined {
  try {
    return readFileSync(join(bench.podDirectory, 'volumes/v', path), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function isRunning(bench: Bench): boolean {
  return bench.status('app')?.state?.running !== undefined
}

function timesTold(bench: Bench, reason: string): number {
  return bench.store.list(EVENTS).items.reduce((sum, each) => sum + (each.reason === reason ? (each.count ?? 1) : 0), 0)
}

/** Tokens that are numbered, and live for an hour; none while `refusal` is set. */
class FakeApi implements PodApi {
  readonly wishes: TokenWish[] = []
  refusal: string | undefined
  nowMs: () => number = () => 0
  address(): Promise<undefined> {
    return Promise.resolve(undefined)
  }
  token(_pod: unknown, wish: TokenWish): ReturnType<PodApi['token']> {
    if (this.refusal !== undefined) return Promise.reject(new Failure('NotFound', this.refusal))
    const token = `token ${this.wishes.push(wish)}`
    return Promise.resolve({ token, issuedAtMs: this.nowMs(), expiresAtMs: this.nowMs() + 3_600_000 })
  }
}

describe('volumes that are made of data', { skip: unlessThereIs('root') }, () => {
  it('S14, V2: a pod waits for the object of its volume, then has its files, and their changes at once', async () => {
    await using bench = await openBench({ app: [{}] })
    await bench.create({ containers: [MOUNTED], volumes: [{ name: 'v', configMap: { name: 'settings' } }] })
    await bench.until('it waits', () => bench.events.includes('FailedMount'))
    assert.deepEqual(bench.told('FailedMount'), [
      'MountVolume.SetUp failed for volume "v" : configmap "settings" not found',
    ])
    assert.equal(bench.status('app')?.state?.waiting?.reason, 'ContainerCreating')
    await bench.store.create(CONFIG_MAPS, configMap({ a: '1' }))
    await bench.until('it runs', () => isRunning(bench))
    assert.equal(fileIn(bench, 'a'), '1')
    await bench.store.modify(CONFIG_MAPS, SETTINGS, (now) => ({ ...now, data: { a: '2', b: '3' } }))
    await bench.until('it is told', () => fileIn(bench, 'a') === '2' && fileIn(bench, 'b') === '3')
    await bench.store.delete(CONFIG_MAPS, SETTINGS)
    await bench.until('its absence is told', () => timesTold(bench, 'FailedMount') === 2)
    assert.equal(fileIn(bench, 'a'), '2')
    await bench.store.create(CONFIG_MAPS, configMap({ c: '4' }))
    await bench.until('another one is there', () => fileIn(bench, 'c') === '4' && fileIn(bench, 'a') === undefined)
  })

  it('V2: a Secret stays in memory', async () => {
    await using bench = await openBench({ app: [{}] })
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { ...KEYS, uid: 'u' }, data: { word: 'c2VjcmV0' } }
    await bench.store.create(SECRETS, secret)
    const volumes = [{ name: 'v', secret: { secretName: 'keys', defaultMode: 0o400 } }]
    await bench.create({ containers: [MOUNTED], volumes })
    await bench.until('it runs', () => isRunning(bench))
    assert.equal(fileIn(bench, 'word'), 'secret')
    assert.equal(statSync(join(bench.podDirectory, 'volumes/v/word')).mode & 0o7777, 0o400)
    assert.equal(statfsSync(join(bench.podDirectory, 'volumes/v')).type, TMPFS_MAGIC)
    await bench.delete(0)
    await bench.until('it is gone', () => bench.pod === undefined)
  })

  it('E2: labels that change change the file', async () => {
    await using bench = await openBench({ app: [{}] })
    const items = [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }]
    await bench.create({ containers: [MOUNTED], volumes: [{ name: 'v', downwardAPI: { items } }] })
    await bench.until('it runs', () => isRunning(bench))
    assert.equal(fileIn(bench, 'labels'), '')
    await bench.store.modify(PODS, KEY, (pod) => ({ ...pod, metadata: { ...pod.metadata, labels: { tier: 'front' } } }))
    await bench.until('it is told', () => fileIn(bench, 'labels') === 'tier="front"')
  })

  it('V2: a token is asked for with its wishes and renewed before it ends; one that lives is kept as long as it does', async () => {
    const api = new FakeApi()
    await using bench = await openBench({ app: [{}] }, undefined, { api })
    api.nowMs = () => bench.clock.nowMs()
    const sources = [{ serviceAccountToken: { path: 't', audience: 'vault', expirationSeconds: 3600 } }]
    await bench.create({ containers: [MOUNTED], volumes: [{ name: 'v', projected: { sources } }] })
    await bench.until('it runs', () => isRunning(bench))
    assert.equal(fileIn(bench, 't'), 'token 1')
    assert.deepEqual(api.wishes, [{ audience: 'vault', expirationSeconds: 3600 }])
    await bench.clock.advance(2_879_000)
    assert.equal(fileIn(bench, 't'), 'token 1')
    await bench.clock.advance(1_000)
    await bench.until('it is renewed', () => fileIn(bench, 't') === 'token 2')
    api.refusal = 'serviceaccounts "default" not found'
    await bench.clock.advance(2_890_000)
    assert.equal(fileIn(bench, 't'), 'token 2')
    api.refusal = undefined
    await bench.clock.advance(10_000)
    await bench.until('it is renewed later', () => fileIn(bench, 't') === 'token 3')
  })
})
