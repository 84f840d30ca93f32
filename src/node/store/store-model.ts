import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Failure } from '../../failure.ts'
import type { KubeObject, Resource, Store } from './store.ts'

/** One write of a random history; `expects` is how far back the version lies that it expects, if any. */
interface Step {
  readonly do: 'create' | 'update' | 'modify' | 'delete'
  readonly resource: 0 | 1
  readonly namespace: string
  readonly name: string
  readonly value: number
  readonly expects: number | undefined
}

const step: fc.Arbitrary<Step> = fc.record({
  do: fc.constantFrom('create', 'update', 'modify', 'delete'),
  resource: fc.constantFrom(0, 1),
  namespace: fc.constantFrom('a', 'a-b', 'b'),
  name: fc.constantFrom('x', 'y', 'z'),
  value: fc.integer({ min: 0, max: 3 }),
  expects: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }),
})

/** Batches of writes that are asked for at once; each batch is answered before the next. */
export const steps = fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { maxLength: 30 })

const RESOURCES: readonly [Resource, Resource] = [
  { group: '', version: 'v1', plural: 'ones', kind: 'One', namespaced: true },
  { group: 'test.io', version: 'v1', plural: 'others', kind: 'Other', namespaced: true },
]

interface ModelChange {
  readonly version: number
  readonly resource: 0 | 1
  readonly namespace: string
  readonly before: number | undefined
  readonly after: number | undefined
  readonly name: string
}

/** The store as simple as it can be said: one map of values, one list of changes. */
class Model {
  readonly values = new Map<string, { value: number; version: number }>()
  readonly changes: ModelChange[] = []

  /** @returns the version after the write, or the reason of the refusal. */
  write(step: Step): string {
    const key = `${step.resource} ${step.namespace}/${step.name}`
    const current = this.values.get(key)
    if (step.do === 'create' && current !== undefined) return 'AlreadyExists'
    if (step.do !== 'create' && current === undefined) return 'NotFound'
    const expects = expectedVersion(step, this.changes.length)
    if (expects !== undefined && expects !== String(current?.version)) return 'Conflict'
    if (step.do !== 'delete' && current?.value === step.value) return String(current.version)
    const after = step.do === 'delete' ? undefined : step.value
    const version = this.changes.length + 1
    const { resource, namespace, name } = step
    this.changes.push({ version, resource, namespace, name, before: current?.value, after })
    if (after === undefined) this.values.delete(key)
    else this.values.set(key, { value: after, version })
    return String(version)
  }

  events(resource: 0 | 1, namespace: string | undefined, minimum: number): string[] {
    const matches = (value: number | undefined): boolean => value !== undefined && value >= minimum
    return this.changes.flatMap((change) => {
      if (change.resource !== resource) return []
      if (namespace !== undefined && change.namespace !== namespace) return []
      const [was, is] = [matches(change.before), matches(change.after)]
      if (!was && !is) return []
      const type = was ? (is ? 'MODIFIED' : 'DELETED') : 'ADDED'
      return [`${type} ${change.namespace}/${change.name} ${change.version}`]
    })
  }
}

/** Only update and delete can expect a version. */
function expectedVersion(step: Step, newest: number): string | undefined {
  if (step.expects === undefined || step.do === 'create' || step.do === 'modify') return undefined
  return String(Math.max(newest - step.expects, 0))
}

/** Does the same to the store and to the model, and fails where they differ. */
export async function runAgainstModel(store: Store, batches: readonly (readonly Step[])[]): Promise<void> {
  const model = new Model()
  for (const batch of batches) {
    const expected = batch.map((one) => {
      const before = model.changes.length
      return { before, answer: model.write(one) }
    })
    const answers = batch.map((one, index) => perform(store, one, expected[index]?.before ?? 0))
    assert.deepEqual(
      await Promise.all(answers),
      expected.map(({ answer }) => answer),
    )
    assert.equal(store.resourceVersion, String(model.changes.length))
  }
  for (const [resource, minimum, namespace] of [
    [0, 0, undefined],
    [0, 2, undefined],
    [1, 2, 'a'],
    [1, 0, 'b'],
  ] as const) {
    const from = Math.floor(model.changes.length / 2)
    const all = model.events(resource, namespace, minimum)
    const later = all.filter((event) => Number(event.split(' ')[2]) > from)
    assert.deepEqual(await readEvents(store, { resource, minimum, namespace, from: 0, count: all.length }), all)
    assert.deepEqual(await readEvents(store, { resource, minimum, namespace, from, count: later.length }), later)
    const listed = store.list(RESOURCES[resource], { namespace, matches: (object) => valueOf(object) >= minimum })
    const expected = [...model.values]
      .filter(([key, { value }]) => key.startsWith(`${resource} ${namespace ?? ''}`) && value >= minimum)
      .filter(([key]) => namespace === undefined || key.startsWith(`${resource} ${namespace}/`))
      .map(([key, { value }]) => `${key.slice(2)}=${value}`)
      .sort()
    assert.deepEqual(
      listed.items.map((item) => `${item.metadata.namespace ?? ''}/${item.metadata.name ?? ''}=${valueOf(item)}`),
      expected,
    )
  }
}

async function perform(store: Store, step: Step, newest: number): Promise<string> {
  const resource = RESOURCES[step.resource]
  const { namespace, name } = step
  const object = { apiVersion: 'v1', kind: resource.kind, metadata: { namespace, name }, value: step.value }
  const expected = expectedVersion(step, newest)
  try {
    const stored = await {
      create: () => store.create(resource, object),
      update: () => store.update(resource, object, { expectedResourceVersion: expected }),
      modify: () => store.modify(resource, { namespace, name }, (current) => ({ ...current, value: step.value })),
      delete: () => store.delete(resource, { namespace, name }, { resourceVersion: expected }),
    }[step.do]()
    return stored.metadata.resourceVersion ?? 'none'
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown.reason
    throw thrown
  }
}

async function readEvents(
  store: Store,
  ask: { resource: 0 | 1; minimum: number; namespace: string | undefined; from: number; count: number },
): Promise<string[]> {
  const stop = new AbortController()
  const events: string[] = []
  const watch = store.watch({
    resource: RESOURCES[ask.resource],
    namespace: ask.namespace,
    matches: (object) => valueOf(object) >= ask.minimum,
    fromResourceVersion: String(ask.from),
    signal: stop.signal,
  })
  if (ask.count === 0) return events
  for await (const event of watch) {
    if (event.type === 'BOOKMARK') continue
    const { namespace = '', name = '' } = event.object.metadata
    events.push(`${event.type} ${namespace}/${name} ${event.resourceVersion}`)
    if (events.length === ask.count) stop.abort()
  }
  return events
}

function valueOf(object: KubeObject): number {
  return (object as KubeObject & { value: number }).value
}
