import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Failure } from '../../../failure.ts'
import { type Application, applyObject } from './apply-object.ts'
import type { JsonObject } from './json-value.ts'
import { type ManagedEntry, writeManagedFields } from './managed-fields.ts'
import { mergeApplied } from './merge-applied.ts'
import { shapeOf } from './shape.ts'

interface RecordedApply {
  readonly manager: string
  readonly force: boolean
  readonly request: JsonObject
  readonly code: number
  readonly answer: JsonObject & { readonly message?: string; readonly details?: JsonObject }
}

const recorded = JSON.parse(
  readFileSync(new URL('testdata/apply.json', import.meta.url), 'utf8'),
) as readonly RecordedApply[]

const TIME = '2026-11-20T09:14:46Z'

interface State {
  readonly object: JsonObject
  readonly entries: readonly ManagedEntry[]
}

const NOTHING: State = { object: {}, entries: [] }

function apply({ object, entries }: State, manager: string, change: Partial<Application>): State {
  const by = { manager, operation: 'Apply', apiVersion: 'v1' } as const
  const options = { typeName: 'V1Pod', configuration: {}, force: false, time: TIME, ...change }
  return applyObject({ live: object, entries, by, ...options })
}

const pod = (spec: JsonObject): JsonObject => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec })
/** A configuration that says nothing. */
const nobody: JsonObject = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' } }
const managers = ({ entries }: State): string[] => entries.map(({ manager }) => manager)

function conflict(message: string): (thrown: unknown) => boolean {
  return (thrown) => {
    assert.ok(thrown instanceof Failure)
    assert.equal(thrown.message, message)
    return thrown.reason === 'Conflict'
  }
}

describe('server-side apply', () => {
  it('answers as a real server', () => {
    let state = NOTHING
    for (const { manager, force, request, code, answer } of recorded) {
      const change = { typeName: 'V1ConfigMap', configuration: request, force }
      if (code === 409) {
        const { message = '', details } = answer
        assert.throws(
          () => apply(state, manager, change),
          (thrown) => {
            assert.deepEqual((thrown as Failure).details, details)
            return conflict(message)(thrown)
          },
        )
        continue
      }
      state = apply(state, manager, change)
      assert.deepEqual(state.object['data'], answer['data'])
      assert.deepEqual(writeManagedFields(state.entries), (answer['metadata'] as JsonObject)['managedFields'])
    }
  })

  it('merges items by their keys and keeps the order of both', () => {
    const live = {
      containers: [
        { name: 'a', image: '1' },
        { name: 'b', image: '1' },
        { name: 'c', image: '1' },
      ],
    }
    const applied = {
      containers: [
        { name: 'c', image: '2' },
        { name: 'x', image: '2' },
        { name: 'a', args: ['z'] },
      ],
    }
    assert.deepEqual(mergeApplied({ spec: live }, { spec: applied }, shapeOf('V1Pod')), {
      spec: {
        containers: [
          { name: 'b', image: '1' },
          { name: 'c', image: '2' },
          { name: 'x', image: '2' },
          { name: 'a', image: '1', args: ['z'] },
        ],
      },
    })
  })

  it('tells ports apart by number and protocol, which is TCP when it is not said', () => {
    const ports = (list: JsonObject[]): JsonObject => pod({ containers: [{ name: 'a', ports: list }] })
    const first = apply(NOTHING, 'one', { configuration: ports([{ containerPort: 53, protocol: 'TCP' }]) })
    const second = apply(first, 'two', {
      configuration: ports([
        { containerPort: 53, name: 'dns' },
        { containerPort: 53, protocol: 'UDP' },
      ]),
    })
    assert.deepEqual(second.object['spec'], {
      containers: [
        {
          name: 'a',
          ports: [
            { containerPort: 53, protocol: 'TCP', name: 'dns' },
            { containerPort: 53, protocol: 'UDP' },
          ],
        },
      ],
    })
  })

  it('removes what is not applied any more, unless somebody else owns it', () => {
    const both = pod({
      containers: [
        { name: 'a', image: '1' },
        { name: 'b', image: '1' },
      ],
      nodeSelector: { x: 'y' },
    })
    const first = apply(NOTHING, 'one', { configuration: both })
    const shared = apply(first, 'two', { configuration: pod({ containers: [{ name: 'b', image: '1' }] }) })
    assert.deepEqual(managers(shared), ['one', 'two'])
    const less = apply(shared, 'one', { configuration: pod({ containers: [{ name: 'a' }] }) })
    assert.deepEqual(less.object['spec'], { containers: [{ name: 'a' }, { name: 'b', image: '1' }] })
    const gone = apply(less, 'two', { configuration: nobody })
    assert.deepEqual(gone.object['spec'], { containers: [{ name: 'a' }] })
    assert.deepEqual(managers(gone), ['one'])
  })

  it('leaves alone what it never owned', () => {
    const live = pod({ containers: [{ name: 'a', image: '1' }], restartPolicy: 'Never' })
    const first = apply({ object: live, entries: [] }, 'one', {
      configuration: pod({ containers: [{ name: 'a', env: [{ name: 'X', value: '1' }] }] }),
    })
    const second = apply(first, 'one', { configuration: pod({ hostname: 'x' }) })
    // An item is owned with its keys: it goes with who applied them.
    assert.deepEqual(second.object['spec'], { restartPolicy: 'Never', hostname: 'x' })
  })

  it('names every field and owner in conflict', () => {
    const by = { operation: 'Update', apiVersion: 'v1' } as const
    const image = (value: string): JsonObject => pod({ containers: [{ name: 'a', image: value }], hostname: value })
    const owns = (fields: JsonObject): ManagedEntry['fields'] => ({ 'f:spec': fields }) as ManagedEntry['fields']
    const entries: ManagedEntry[] = [
      { ...by, manager: 'kubectl-edit', fields: owns({ 'f:containers': { 'k:{"name":"a"}': { 'f:image': {} } } }) },
      { ...by, manager: 'boss', subresource: 'status', fields: owns({ 'f:hostname': {} }) },
    ]
    assert.throws(
      () => apply({ object: image('1'), entries }, 'one', { configuration: image('2') }),
      conflict(
        'Apply failed with 2 conflicts: conflicts with "boss" with subresource "status" using v1:\n- .spec.hostname\n' +
          'conflicts with "kubectl-edit" using v1:\n- .spec.containers[name="a"].image',
      ),
    )
    const forced = apply({ object: image('1'), entries }, 'one', { configuration: image('2'), force: true })
    assert.deepEqual(managers(forced), ['one'])
  })

  it('lets kubectl take over what it applied itself and nobody changed', () => {
    const last = JSON.stringify(pod({ hostname: 'a' }))
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': last }
    const live = { ...pod({ hostname: 'a' }), metadata: { name: 'web', annotations } }
    const fields = { 'f:spec': { 'f:hostname': {} } }
    const entries: ManagedEntry[] = [
      { manager: 'kubectl-client-side-apply', operation: 'Update', apiVersion: 'v1', fields },
    ]
    const state = { object: live, entries }
    const configuration = pod({ hostname: 'b' })
    assert.deepEqual(managers(apply(state, 'kubectl', { configuration })), ['kubectl'])
    assert.throws(() => apply(state, 'other', { configuration }), /Apply failed with 1 conflict/)
    const changed = { object: { ...live, spec: { hostname: 'c' } }, entries }
    assert.throws(() => apply(changed, 'kubectl', { configuration }), /Apply failed with 1 conflict/)
  })

  it('refuses what does not fit the type', () => {
    const refusals: [configuration: JsonObject, message: RegExp][] = [
      [
        pod({ nope: 1 }),
        /^failed to create typed patch object \(\/web; \/v1, Kind=Pod\): \.spec\.nope: field not declared in schema$/,
      ],
      [
        pod({ containers: [{ name: 'a', imag: 1 }] }),
        /: \.spec\.containers\[name="a"\]\.imag: field not declared in schema$/,
      ],
      [
        pod({ containers: [{ image: 'a' }] }),
        /element 0: associative list with keys has an element that omits key field "name"/,
      ],
      [
        pod({ containers: [{ name: 'a' }, { name: 'a' }] }),
        /: \.spec\.containers: duplicate entries for key \[name="a"\]$/,
      ],
      [
        pod({ containers: 'a', nope: 1 }),
        /: errors:\n {2}\.spec\.containers: expected list, got &\{a\}\n {2}\.spec\.nope: /,
      ],
      [{ metadata: { managedFields: [] } }, /^metadata\.managedFields must be nil$/],
    ]
    for (const [configuration, message] of refusals) {
      assert.throws(() => apply(NOTHING, 'one', { configuration }), { message })
    }
  })
})

const text = fc.constantFrom('1', '2', '3')
const items = <T>(rest: fc.Arbitrary<T>): fc.Arbitrary<JsonObject[]> =>
  fc
    .uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1 })
    .chain((names) => fc.tuple(...names.map((name) => rest.map((parts): JsonObject => ({ name, ...parts })))))
const env = items(fc.record({ value: text }, { requiredKeys: [] }))
const container = fc.record({ image: text, env, args: fc.array(text) }, { requiredKeys: [] })
const spec = fc.record(
  { containers: items(container), hostname: text, nodeSelector: fc.dictionary(text, text) },
  { requiredKeys: [] },
)
const anyPod = spec.map((drawn) => {
  const parts = JSON.parse(JSON.stringify(drawn)) as JsonObject
  return Object.keys(parts).length === 0 ? nobody : pod(parts)
})

describe('server-side apply, whatever is applied', () => {
  it('done twice changes nothing more', () => {
    fc.assert(
      fc.property(anyPod, anyPod, (live, configuration) => {
        const once = apply({ object: live, entries: [] }, 'one', { configuration })
        const twice = apply(once, 'one', { configuration, time: '2030-01-01T00:00:00Z' })
        assert.deepEqual(twice, once)
      }),
    )
  })

  it('holds what was applied, and owns it', () => {
    fc.assert(
      fc.property(anyPod, anyPod, anyPod, (first, second, third) => {
        const before = apply(apply(NOTHING, 'one', { configuration: first }), 'two', {
          configuration: second,
          force: true,
        })
        const state = apply(before, 'one', { configuration: third, force: true })
        const wanted = { spec: third['spec'] ?? {} }
        assert.deepEqual(mergeApplied({ spec: state.object['spec'] ?? {} }, wanted, shapeOf('V1Pod')), {
          spec: state.object['spec'] ?? {},
        })
        const own = state.entries.find(({ manager }) => manager === 'one')
        assert.deepEqual(own?.fields, apply(NOTHING, 'one', { configuration: third }).entries[0]?.fields)
        // Nobody of those who own a field together is in conflict when they apply it again.
        assert.doesNotThrow(() => apply(state, 'one', { configuration: third }))
      }),
    )
  })

  it('without anything takes away all that was applied, and no more', () => {
    fc.assert(
      fc.property(anyPod, anyPod, (first, second) => {
        const ofOne = apply(NOTHING, 'one', { configuration: first })
        const ofBoth = apply(ofOne, 'two', { configuration: second, force: true })
        const oneGone = apply(ofBoth, 'one', { configuration: nobody })
        const owned = apply(NOTHING, 'two', { configuration: second })
        assert.deepEqual(oneGone.entries, owned.entries)
        const none = apply(oneGone, 'two', { configuration: nobody })
        assert.deepEqual(none.entries, [])
        assert.deepEqual(none.object['spec'] ?? {}, {})
      }),
    )
  })
})
