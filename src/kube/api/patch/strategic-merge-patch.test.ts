import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Failure } from '../../../failure.ts'
import { isJsonObject, isSameJson, type JsonObject } from './json-value.ts'
import { strategicMergePatch } from './strategic-merge-patch.ts'

/** A pod's spec with these parts. */
const spec = (parts: JsonObject): JsonObject => ({ spec: parts })
const named = (...names: string[]): JsonObject[] => names.map((name) => ({ name }))

const TABLE: readonly [rule: string, object: JsonObject, patch: JsonObject, result: JsonObject][] = [
  [
    'objects are merged, null removes',
    { metadata: { labels: { a: '1', b: '2' } } },
    { metadata: { labels: { a: null, c: '3', d: null } } },
    { metadata: { labels: { b: '2', c: '3' } } },
  ],
  [
    'items with a key are merged, new ones stand where the patch has them',
    spec({ containers: [{ name: 'a', image: '1' }, ...named('b')] }),
    spec({ containers: [{ name: 'a', command: ['x'] }, { name: 'c' }] }),
    spec({ containers: [{ name: 'a', image: '1', command: ['x'] }, { name: 'c' }, { name: 'b' }] }),
  ],
  [
    'each list has its own key',
    spec({
      containers: [
        {
          name: 'a',
          env: [{ name: 'X', value: '1' }],
          ports: [{ containerPort: 80, protocol: 'TCP' }],
          volumeMounts: [{ mountPath: '/a', name: 'v' }],
        },
      ],
      hostAliases: [{ ip: '1.1.1.1', hostnames: ['a'] }],
    }),
    spec({
      containers: [
        {
          name: 'a',
          env: [{ name: 'X', value: '2' }],
          ports: [{ containerPort: 80, name: 'web' }],
          volumeMounts: [{ mountPath: '/a', readOnly: true }],
        },
      ],
      hostAliases: [{ ip: '1.1.1.1', hostnames: ['b'] }],
    }),
    spec({
      containers: [
        {
          name: 'a',
          env: [{ name: 'X', value: '2' }],
          ports: [{ containerPort: 80, protocol: 'TCP', name: 'web' }],
          volumeMounts: [{ mountPath: '/a', name: 'v', readOnly: true }],
        },
      ],
      hostAliases: [{ ip: '1.1.1.1', hostnames: ['b'] }],
    }),
  ],
  [
    'lists without a key are replaced',
    spec({ tolerations: [{ key: 'a' }], containers: [{ name: 'a', args: ['1', '2'] }] }),
    spec({ tolerations: [{ key: 'b' }], containers: [{ name: 'a', args: ['3'] }] }),
    spec({ tolerations: [{ key: 'b' }], containers: [{ name: 'a', args: ['3'] }] }),
  ],
  [
    'values of a list that is merged are added once',
    { metadata: { finalizers: ['a/1', 'a/2'] } },
    { metadata: { finalizers: ['a/2', 'a/3'] } },
    { metadata: { finalizers: ['a/1', 'a/2', 'a/3'] } },
  ],
  [
    '$deleteFromPrimitiveList takes values out',
    { metadata: { finalizers: ['a/1', 'a/2', 'a/3'] } },
    { metadata: { '$deleteFromPrimitiveList/finalizers': ['a/1', 'a/9'] } },
    { metadata: { finalizers: ['a/2', 'a/3'] } },
  ],
  [
    '$patch: delete takes an item out',
    spec({ containers: named('a', 'b') }),
    spec({ containers: [{ name: 'a', $patch: 'delete' }] }),
    spec({ containers: named('b') }),
  ],
  [
    '$patch: replace in a list replaces all of it',
    spec({ containers: named('a', 'b') }),
    spec({ containers: [{ $patch: 'replace' }, ...named('c')] }),
    spec({ containers: named('c') }),
  ],
  [
    '$patch: replace replaces an object',
    { metadata: { labels: { a: '1' } } },
    { metadata: { labels: { $patch: 'replace', only: 'this' } } },
    { metadata: { labels: { only: 'this' } } },
  ],
  [
    '$patch: delete empties an object',
    { metadata: { labels: { a: '1' } } },
    { metadata: { labels: { $patch: 'delete' } } },
    { metadata: { labels: {} } },
  ],
  [
    '$retainKeys drops what it does not name',
    spec({ volumes: [{ name: 'v', emptyDir: {} }] }),
    spec({ volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/x' } }] }),
    spec({ volumes: [{ name: 'v', hostPath: { path: '/x' } }] }),
  ],
  [
    '$setElementOrder alone sorts',
    spec({ containers: named('a', 'b', 'c') }),
    spec({ '$setElementOrder/containers': named('c', 'a') }),
    spec({ containers: named('b', 'c', 'a') }),
  ],
  [
    '$setElementOrder sorts what the patch brings',
    { metadata: { finalizers: ['a/1', 'a/2'] } },
    { metadata: { '$setElementOrder/finalizers': ['a/3', 'a/2'], finalizers: ['a/3'] } },
    { metadata: { finalizers: ['a/3', 'a/1', 'a/2'] } },
  ],
  [
    'directives do not stay in what was not there',
    spec({}),
    spec({
      containers: [
        { name: 'b', $patch: 'delete' },
        { name: 'a', env: [{ name: 'X', value: null }] },
      ],
      '$setElementOrder/containers': named('a'),
      securityContext: { $retainKeys: ['runAsUser'], runAsUser: 1 },
    }),
    spec({ containers: [{ name: 'a', env: [{ name: 'X' }] }], securityContext: { runAsUser: 1 } }),
  ],
]

const REFUSED: readonly [object: JsonObject, patch: JsonObject, reason: string, message: string][] = [
  [
    { metadata: { labels: {} } },
    { metadata: { labels: { $patch: 'nope' } } },
    'InternalError',
    'unknown patch type: nope in map: map[$patch:nope]',
  ],
  [
    spec({ containers: named('a') }),
    spec({ containers: [{ image: 'httpd' }] }),
    'InternalError',
    'map: map[image:httpd] does not contain declared merge key: name',
  ],
  [
    spec({ volumes: [{ name: 'v' }] }),
    spec({ volumes: [{ name: 'v', $retainKeys: ['name'], emptyDir: {} }] }),
    'BadRequest',
    'invalid patch format of retainKeys',
  ],
  [spec({}), spec({ $setElementOrder: [] }), 'BadRequest', 'invalid patch format of setElementOrder list'],
  [
    spec({ containers: named('a') }),
    spec({ containers: [[]] }),
    'Invalid',
    'the server rejected our request due to an error in our request',
  ],
  [
    spec({ containers: named('a') }),
    spec({ containers: named('b'), '$setElementOrder/containers': named('a') }),
    'InternalError',
    "The order in patch list:\n[map[name:b]]\n doesn't match $setElementOrder list:\n[map[name:a]]\n",
  ],
]

/** A list of items with different names. */
function itemsBy<T>(key: string, rest: fc.Arbitrary<T>): fc.Arbitrary<JsonObject[]> {
  const keys = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 5 })
  return keys.chain((names) => fc.tuple(...names.map((name) => rest.map((parts) => ({ [key]: name, ...parts })))))
}

const text = fc.constantFrom('1', '2', '3')
const container = fc.record({ image: text, env: itemsBy('name', fc.record({ value: text })) }, { requiredKeys: [] })
const drawnPod = fc.record({
  metadata: fc.record({
    labels: fc.dictionary(fc.constantFrom('a', 'b', 'c'), text),
    finalizers: fc.uniqueArray(fc.constantFrom('x/1', 'x/2', 'x/3', 'x/4')),
  }),
  spec: fc.record(
    {
      containers: itemsBy('name', container),
      hostAliases: itemsBy('ip', fc.record({ hostnames: fc.array(text) })),
    },
    { requiredKeys: ['containers'] },
  ),
})

const KEYS: Readonly<Record<string, string>> = { containers: 'name', env: 'name', hostAliases: 'ip', finalizers: '' }

/** As it comes out of JSON: with prototypes as usual. */
const anyPod = drawnPod.map((pod) => JSON.parse(JSON.stringify(pod)) as JsonObject)

/** The patch that makes `to` of `from`, as kubectl would send it. */
function difference(from: JsonObject, to: JsonObject): JsonObject {
  const patch: Record<string, unknown> = {}
  for (const field of Object.keys(from)) if (!(field in to)) patch[field] = null
  for (const [field, value] of Object.entries(to)) {
    const before = from[field]
    const key = KEYS[field]
    if (isSameJson(before, value)) continue
    if (Array.isArray(value) && Array.isArray(before) && key !== undefined) {
      Object.assign(patch, listDifference({ field, key, before, value }))
    } else if (isJsonObject(value) && isJsonObject(before)) patch[field] = difference(before, value)
    else patch[field] = value
  }
  return patch
}

interface Lists {
  readonly field: string
  readonly key: string
  readonly before: readonly unknown[]
  readonly value: readonly unknown[]
}

function listDifference({ field, key, before, value }: Lists): JsonObject {
  if (key === '') {
    const added = value.filter((item) => !before.includes(item))
    return {
      [`$setElementOrder/${field}`]: value,
      ...(added.length === 0 ? {} : { [field]: added }),
      [`$deleteFromPrimitiveList/${field}`]: before.filter((item) => !value.includes(item)),
    }
  }
  const find = (list: readonly unknown[], item: JsonObject): JsonObject | undefined =>
    (list as JsonObject[]).find((each) => each[key] === item[key])
  const changed = (value as JsonObject[]).flatMap((item) => {
    const known = find(before, item)
    if (known === undefined) return [item]
    return isSameJson(known, item) ? [] : [{ ...difference(known, item), [key]: item[key] }]
  })
  const gone = (before as JsonObject[]).filter((item) => find(value, item) === undefined)
  return {
    [`$setElementOrder/${field}`]: (value as JsonObject[]).map((item) => ({ [key]: item[key] })),
    [field]: [...changed, ...gone.map((item) => ({ $patch: 'delete', [key]: item[key] }))],
  }
}

describe('strategic merge patch', () => {
  for (const [rule, object, patch, result] of TABLE) {
    it(rule, () => {
      const before = JSON.stringify([object, patch])
      assert.deepEqual(strategicMergePatch(object, patch, 'V1Pod'), result)
      assert.equal(JSON.stringify([object, patch]), before)
    })
  }

  for (const [object, patch, reason, message] of REFUSED) {
    it(`refuses: ${JSON.stringify(message)}`, () => {
      assert.throws(
        () => strategicMergePatch(object, patch, 'V1Pod'),
        (thrown) => thrown instanceof Failure && thrown.reason === reason && thrown.message === message,
      )
    })
  }

  it('the difference of two pods makes the one of the other, order and all', () => {
    fc.assert(
      fc.property(anyPod, anyPod, (from, to) => {
        assert.deepEqual(strategicMergePatch(from, difference(from, to), 'V1Pod'), to)
      }),
    )
  })

  it('a pod is a patch that can be applied twice', () => {
    fc.assert(
      fc.property(anyPod, anyPod, (pod, patch) => {
        const once = strategicMergePatch(pod, patch, 'V1Pod')
        assert.deepEqual(strategicMergePatch(once, patch, 'V1Pod'), once)
      }),
    )
  })
})
