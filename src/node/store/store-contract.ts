import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Pod } from '../../kube/api/pod.ts'
import { Failure, type FailureReason } from '../../failure.ts'
import { NAMESPACES, PODS } from './resources.ts'
import { runAgainstModel, steps } from './store-model.ts'
import type { KubeObject, Resource, Store, WatchEvent } from './store.ts'

export interface OpenStore extends AsyncDisposable {
  readonly store: Store
}

/** What every store keeps to. `open` makes an empty one that watches may follow from `keepChanges` changes back. */
export function storeContract(name: string, open: (options: { keepChanges: number }) => OpenStore): void {
  describe(`${name} keeps the store contract: objects`, () => {
    it('what was created is read back, frozen, with a version', async () => {
      await using opened = open({ keepChanges: 100 })
      const { store } = opened
      assert.equal(store.resourceVersion, '0')
      const made = await store.create(PODS, pod('web', { labels: { app: 'x' } }))
      assert.deepEqual(made, pod('web', { labels: { app: 'x' }, resourceVersion: '1' }))
      assert.equal(store.get(PODS, keyOf('web')), made)
      assert.equal(store.get(PODS, { namespace: 'other', name: 'web' }), undefined)
      assert.equal(store.resourceVersion, '1')
      assert.throws(() => Object.assign(made.spec, { nodeName: 'x' }), TypeError)
    })

    it('refuses in the words of Kubernetes', async () => {
      await using opened = open({ keepChanges: 100 })
      const { store } = opened
      await store.create(PODS, pod('web'))
      await rejected(store.create(PODS, pod('web')), 'AlreadyExists', 'pods "web" already exists')
      await rejected(store.update(PODS, pod('nope')), 'NotFound', 'pods "nope" not found')
      await rejected(store.delete(PODS, keyOf('nope')), 'NotFound', 'pods "nope" not found')
      await rejected(store.delete(DEPLOYMENTS, keyOf('d')), 'NotFound', 'deployments.apps "d" not found')
      await rejected(
        store.update(PODS, pod('web'), { expectedResourceVersion: '7' }),
        'Conflict',
        'Operation cannot be fulfilled on pods "web": the object has been modified; ' +
          'please apply your changes to the latest version and try again',
      )
      await rejected(store.delete(PODS, keyOf('web'), { uid: 'other' }), 'Conflict', /^Operation cannot be fulfilled/)
      assert.equal(store.resourceVersion, '1', 'what was refused takes no version')
    })

    it('a write that changes nothing takes no version', async () => {
      await using opened = open({ keepChanges: 100 })
      const { store } = opened
      const made = await store.create(PODS, pod('web'))
      assert.equal(await store.update(PODS, pod('web')), made)
      assert.equal(await store.modify(PODS, keyOf('web'), (current) => ({ ...current })), made)
      assert.equal(store.resourceVersion, '1')
    })

    it('of many writers that expect the same version one wins', async () => {
      await using opened = open({ keepChanges: 100 })
      const { store } = opened
      await store.create(PODS, pod('web'))
      const writes = Array.from({ length: 20 }, (_, index) =>
        store.update(PODS, pod('web', { labels: { writer: String(index) } }), { expectedResourceVersion: '1' }),
      )
      const results = await Promise.allSettled(writes)
      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', ...Array.from({ length: 19 }, () => 'rejected')],
      )
      assert.equal(store.get(PODS, keyOf('web'))?.metadata.labels?.['writer'], '0')
    })

    it('modify never loses a change and what its function throws changes nothing', async () => {
      await using opened = open({ keepChanges: 100 })
      const { store } = opened
      await store.create(PODS, pod('web', { generation: 0 }))
      const add = (current: Pod): Pod => ({
        ...current,
        metadata: { ...current.metadata, generation: (current.metadata.generation ?? 0) + 1 },
      })
      const refuse = new Failure('Forbidden', 'not today')
      const refused = store.modify(PODS, keyOf('web'), () => {
        throw refuse
      })
      await Promise.all([
        ...Array.from({ length: 50 }, () => store.modify(PODS, keyOf('web'), add)),
        assert.rejects(refused, refuse),
      ])
      assert.equal(store.get(PODS, keyOf('web'))?.metadata.generation, 50)
      const last = await store.modify(PODS, keyOf('web'), () => undefined)
      assert.equal(last.metadata.generation, 50)
      assert.equal(last.metadata.resourceVersion, store.resourceVersion)
      assert.equal(store.get(PODS, keyOf('web')), undefined)
    })

    it('a write that depends on other objects sees all that were asked for before it', async () => {
      await using opened = open({ keepChanges: 100 })
      const { store } = opened
      const limit = 3
      const counted = (name: string): Promise<Pod> =>
        store.create(PODS, pod(name), () => {
          const { items } = store.list(PODS)
          if (items.length >= limit) throw new Failure('Forbidden', `there are ${items.length}`)
          return pod(name, { generation: items.length })
        })
      const results = await Promise.allSettled([store.create(PODS, pod('a')), ...['b', 'c', 'd', 'e'].map(counted)])
      assert.deepEqual(
        results.map((result) => (result.status === 'fulfilled' ? result.value.metadata.generation : 'refused')),
        [undefined, 1, 2, 'refused', 'refused'],
      )
      const names = (): string => String(store.list(PODS).items.map(({ metadata }) => metadata.name))
      let seen = ''
      const removed = store.delete(PODS, keyOf('b'))
      const look = (current: Pod): Pod => {
        seen = names()
        return current
      }
      await Promise.all([removed, store.modify(PODS, keyOf('a'), look, { seesOthers: true })])
      assert.equal(seen, 'a,c')
    })

    it('lists by namespace and selector, in order, page by page, as of an earlier version', async () => {
      await using opened = open({ keepChanges: 100 })
      const { store } = opened
      for (const name of ['c', 'a', 'b']) await store.create(PODS, pod(name, { labels: { odd: String(name !== 'b') } }))
      await store.create(PODS, { ...pod('z'), metadata: { ...pod('z').metadata, namespace: 'another' } })
      await store.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'test' } })
      const names = (list: { items: readonly KubeObject[] }): unknown[] => list.items.map((item) => item.metadata.name)
      assert.deepEqual(names(store.list(PODS)), ['z', 'a', 'b', 'c'])
      assert.deepEqual(names(store.list(PODS, { namespace: 'test' })), ['a', 'b', 'c'])
      const odd = { namespace: 'test', matches: (one: Pod) => one.metadata.labels?.['odd'] === 'true' }
      assert.deepEqual(names(store.list(PODS, odd)), ['a', 'c'])
      const first = store.list(PODS, { namespace: 'test', limit: 2 })
      assert.deepEqual(names(first), ['a', 'b'])
      assert.equal(first.remaining, 1)
      await store.delete(PODS, keyOf('c'))
      await store.create(PODS, pod('d'))
      const rest = { namespace: 'test', after: first.next, atResourceVersion: first.resourceVersion }
      assert.deepEqual(names(store.list(PODS, rest)), ['c'], 'the second page is of the same state as the first')
      assert.deepEqual(names(store.list(PODS, { namespace: 'test' })), ['a', 'b', 'd'])
    })
  })

  describe(`${name} keeps the store contract: watches`, () => {
    it('starts at any version that is kept and goes on with what happens', async () => {
      await using opened = open({ keepChanges: 100 })
      const { store } = opened
      await store.create(PODS, pod('a'))
      await store.create(PODS, pod('b'))
      const watch = follow(store, '1')
      assert.deepEqual(await watch.next(), 'ADDED b 2')
      const coming = watch.next()
      await store.modify(PODS, keyOf('a'), isRunning)
      assert.equal(await coming, 'MODIFIED a 3')
      await store.delete(PODS, keyOf('a'))
      assert.equal(await watch.next(), 'DELETED a 4')
      watch.stop()
      assert.equal(await watch.next(), 'end')
    })

    it('an object that stops matching is deleted, one that begins to is added', async () => {
      await using opened = open({ keepChanges: 100 })
      const { store } = opened
      const label =
        (app: string) =>
        (current: Pod): Pod => ({
          ...current,
          metadata: { ...current.metadata, labels: { app } },
        })
      await store.create(PODS, pod('a', { labels: { app: 'no' } }))
      for (const app of ['yes', 'no', 'yes']) await store.modify(PODS, keyOf('a'), label(app))
      await store.modify(PODS, keyOf('a'), isRunning)
      await store.delete(PODS, keyOf('a'))
      const watch = follow(store, '0', { matches: (one) => one.metadata.labels?.['app'] === 'yes' })
      const events = []
      for (let count = 0; count < 5; count++) events.push(await watch.next())
      assert.deepEqual(events, ['ADDED a 2', 'DELETED a 3', 'ADDED a 4', 'MODIFIED a 5', 'DELETED a 6'])
      watch.stop()
    })

    it('of all resources tells every change, in order', async () => {
      await using opened = open({ keepChanges: 100 })
      const { store } = opened
      const stop = new AbortController()
      const changes = store.watchAll({ fromResourceVersion: '1', signal: stop.signal })[Symbol.asyncIterator]()
      const next = async (): Promise<string> => {
        const result = await changes.next()
        if (result.done === true) return 'end'
        const { type, resourceId, object } = result.value
        return `${type} ${resourceId} ${object.metadata.name ?? ''}`
      }
      await store.create(PODS, pod('a'))
      await store.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } })
      assert.equal(await next(), 'ADDED /namespaces n')
      const coming = next()
      await store.modify(PODS, keyOf('a'), isRunning)
      assert.equal(await coming, 'MODIFIED /pods a')
      await store.delete(PODS, keyOf('a'))
      assert.equal(await next(), 'DELETED /pods a')
      stop.abort()
      assert.equal(await next(), 'end')
      const late = store.watchAll({ fromResourceVersion: '17', signal: AbortSignal.timeout(1_000) })
      await assert.rejects(late[Symbol.asyncIterator]().next(), isFailure('Expired', /17/))
    })

    it('tells nothing of other namespaces and resources, but a bookmark says how far it is', async () => {
      await using opened = open({ keepChanges: 100 })
      const { store } = opened
      const watch = follow(store, '0', { namespace: 'elsewhere', bookmarkEveryMs: 1 })
      const first = watch.next()
      await store.create(PODS, pod('a'))
      await store.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'elsewhere' } })
      const versions = [await first]
      while (versions.at(-1) !== 'BOOKMARK 2') versions.push(await watch.next())
      assert.ok(versions.every((version) => version.startsWith('BOOKMARK')))
      watch.stop()
    })

    it('one that reads nothing is ended with Expired and holds nobody up', async () => {
      await using opened = open({ keepChanges: 10 })
      const { store } = opened
      const [lazy, busy] = [follow(store, '0'), follow(store, '0')]
      await store.create(PODS, pod('a', { generation: 0 }))
      assert.equal(await lazy.next(), 'ADDED a 1')
      assert.equal(await busy.next(), 'ADDED a 1')
      for (let generation = 1; generation <= 600; generation++) {
        await store.update(PODS, pod('a', { generation }))
        assert.equal(await busy.next(), `MODIFIED a ${generation + 1}`)
      }
      await assert.rejects(lazy.drain(), isFailure('Expired', /^too old resource version: \d+ \(\d+\)$/))
      await assert.rejects(follow(store, '3').next(), isFailure('Expired', /^too old resource version: 3 /))
      assert.throws(() => store.list(PODS, { atResourceVersion: '3' }), isFailure('Expired', /^too old/))
      busy.stop()
    })

    it('a version of another store is Expired, nonsense is a bad request', async () => {
      await using opened = open({ keepChanges: 10 })
      await assert.rejects(follow(opened.store, '17').next(), isFailure('Expired', /17/))
      for (const nonsense of ['abc', '-1', '1.5', '', ' 1']) {
        await assert.rejects(follow(opened.store, nonsense).next(), isFailure('BadRequest', /Invalid value/))
      }
    })

    it('100 watches see 1,000 updates in order and without loss', async () => {
      await using opened = open({ keepChanges: 2_000 })
      const { store } = opened
      await store.create(PODS, pod('a'))
      const seen = Array.from({ length: 100 }, async () => {
        const watch = follow(store, '1')
        for (let version = 2; version <= 1_001; version++) assert.equal(await watch.next(), `MODIFIED a ${version}`)
        watch.stop()
      })
      for (let generation = 1; generation <= 1_000; generation++) {
        const written = store.update(PODS, pod('a', { generation }))
        if (generation % 10 === 0) await written
      }
      await Promise.all(seen)
    })

    it('closing ends watches and lets the writes before it be', async () => {
      await using opened = open({ keepChanges: 10 })
      const { store } = opened
      const watch = follow(store, '0', { namespace: 'nowhere' })
      const ended = watch.next()
      const written = store.create(PODS, pod('a'))
      await store.close()
      assert.equal((await written).metadata.resourceVersion, '1')
      assert.equal(await ended, 'end')
      await rejected(store.create(PODS, pod('b')), 'ServiceUnavailable', /closed/)
    })
  })

  describe(`${name} keeps the store contract: any history`, () => {
    it('behaves like a table and a list of changes', async () => {
      await fc.assert(
        fc.asyncProperty(steps, async (batches) => {
          await using opened = open({ keepChanges: 10_000 })
          await runAgainstModel(opened.store, batches)
        }),
        { numRuns: 25 },
      )
    })
  })
}

const DEPLOYMENTS: Resource = {
  group: 'apps',
  version: 'v1',
  plural: 'deployments',
  kind: 'Deployment',
  namespaced: true,
}

const isRunning = (current: Pod): Pod => ({ ...current, status: { phase: 'Running' } })

const keyOf = (name: string): { namespace: string; name: string } => ({ namespace: 'test', name })

export function pod(name: string, metadata: Partial<Pod['metadata']> = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'test', uid: `uid-of-${name}`, ...metadata },
    spec: {
      containers: [],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      enableServiceLinks: true,
    },
  }
}

interface Follower {
  /** The next event in short, such as `ADDED web 7`; `end` when there is none. */
  next(): Promise<string>
  drain(): Promise<void>
  stop(): void
}

function follow(
  store: Store,
  fromResourceVersion: string,
  options: { namespace?: string; matches?: (one: Pod) => boolean; bookmarkEveryMs?: number } = {},
): Follower {
  const stop = new AbortController()
  const watch = store.watch({ resource: PODS, fromResourceVersion, signal: stop.signal, ...options })
  const events = watch[Symbol.asyncIterator]()
  const next = async (): Promise<string> => {
    const result = (await events.next()) as IteratorResult<WatchEvent<Pod>, undefined>
    return result.done === true ? 'end' : inShort(result.value)
  }
  return {
    next,
    drain: async () => {
      while ((await next()) !== 'end');
    },
    stop: () => stop.abort(),
  }
}

function inShort(event: WatchEvent<Pod>): string {
  if (event.type === 'BOOKMARK') return `BOOKMARK ${event.resourceVersion}`
  assert.equal(event.object.metadata.resourceVersion, event.resourceVersion)
  return `${event.type} ${event.object.metadata.name} ${event.resourceVersion}`
}

function isFailure(reason: FailureReason, message: RegExp): (thrown: unknown) => boolean {
  return (thrown) => {
    assert.ok(thrown instanceof Failure, String(thrown))
    assert.equal(thrown.reason, reason)
    assert.match(thrown.message, message)
    return true
  }
}

async function rejected(promise: Promise<unknown>, reason: FailureReason, message: string | RegExp): Promise<void> {
  await assert.rejects(promise, (thrown) => {
    if (typeof message !== 'string') return isFailure(reason, message)(thrown)
    assert.equal((thrown as Error).message, message)
    return isFailure(reason, /./)(thrown)
  })
}
