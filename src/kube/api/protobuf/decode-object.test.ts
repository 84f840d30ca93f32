import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import fc from 'fast-check'
import { Failure } from '../../../failure.ts'
import { type FieldType, KINDS, loadAllTypes } from '../schema.ts'
import { decodeObject } from './decode-object.ts'
import { type MessageFields, messageFields } from './message-fields.ts'
import { anyMessage, messagesOf } from './test-arbitraries.ts'
import { encodeObject, varint } from './test-encoder.ts'

interface Body {
  readonly command: string
  /** What kubectl 1.33 sends, in base64. */
  readonly protobuf: string
  /** What kubectl 1.31 sends for the same command. */
  readonly json: unknown
}

const BODIES = JSON.parse(
  readFileSync(join(import.meta.dirname, 'testdata/kubectl-bodies.json'), 'utf8'),
) as readonly Body[]

const NOTHING_EXPECTED = { apiVersion: '', kind: '' }
const POD = { apiVersion: 'v1', kind: 'Pod' }

describe('objects in protobuf', () => {
  before(loadAllTypes)

  for (const { command, protobuf, json } of BODIES) {
    it(`kubectl ${command}: the same as in JSON`, () => {
      assert.deepEqual(decodeObject(Buffer.from(protobuf, 'base64'), NOTHING_EXPECTED), withoutNulls(json))
    })
  }

  it('every object of every kind comes back as it was', () => {
    const kinds = [...knownKinds()]
    assert.ok(kinds.length > 50, `${kinds.length} kinds`)
    const objects = fc
      .constantFrom(...kinds)
      .chain(({ typeName, ...meta }) =>
        anyMessage(messagesOf(typeName), 4).map((fields) => ({ typeName, object: { ...meta, ...fields } })),
      )
    fc.assert(
      fc.property(objects, ({ typeName, object }) => {
        assert.deepEqual(decodeObject(encodeObject(object, typeName), NOTHING_EXPECTED), object)
      }),
      { numRuns: 300 },
    )
  })

  it('every type that a kind can hold has its numbers', () => {
    for (const { typeName } of knownKinds()) checkTypes(messagesOf(typeName), [typeName])
  })

  const wire = (fields: readonly (readonly number[])[]): Buffer =>
    Buffer.concat([encodeObject(POD, '').subarray(0, -4), Buffer.from([0x12]), message(fields)])

  const FACTS: readonly (readonly [fact: string, object: object, expected: object])[] = [
    ['a text that Go leaves out when it is empty is left out', { spec: { nodeName: '' } }, { spec: {} }],
    ['so is a number that is no pointer', { metadata: { generation: 0 } }, { metadata: {} }],
    ['a pointer to zero is kept', { spec: { priority: 0 } }, { spec: { priority: 0 } }],
    ['so is a pointer to false', { spec: { enableServiceLinks: false } }, { spec: { enableServiceLinks: false } }],
    ['so is what has to be there', { spec: { containers: [{ name: '' }] } }, { spec: { containers: [{ name: '' }] } }],
    [
      'so is an empty item',
      { spec: { containers: [{ name: 'a', args: [''] }] } },
      { spec: { containers: [{ name: 'a', args: [''] }] } },
    ],
    ['an empty object is there', { spec: { securityContext: {} } }, { spec: { securityContext: {} } }],
    ['a negative number', { spec: { priority: -5 } }, { spec: { priority: -5 } }],
    [
      'a time before 1970',
      { metadata: { creationTimestamp: '1969-12-31T23:59:59Z' } },
      { metadata: { creationTimestamp: '1969-12-31T23:59:59Z' } },
    ],
    [
      'a label named __proto__',
      { metadata: JSON.parse('{"labels":{"__proto__":"a"}}') as object },
      { metadata: JSON.parse('{"labels":{"__proto__":"a"}}') as object },
    ],
  ]
  for (const [fact, object, expected] of FACTS) {
    it(fact, () => {
      const decoded = decodeObject(encodeObject({ ...POD, ...object }, 'V1Pod'), NOTHING_EXPECTED)
      assert.deepEqual(decoded, { ...POD, ...expected })
    })
  }

  it('unknown fields of every form are passed over', () => {
    const unknown = [
      [0xf8, 0x3f, 1],
      [0xf9, 0x3f, ...new Array<number>(8).fill(1)],
      [0xfa, 0x3f, 1, 1],
      [0xfd, 0x3f, 1, 1, 1, 1],
    ]
    assert.deepEqual(decodeObject(wire(unknown), NOTHING_EXPECTED), POD)
  })

  it('numbers may come packed', () => {
    // Pod.spec = 2, PodSpec.securityContext = 14, supplementalGroups = 4: 5 and 300.
    assert.deepEqual(decodeObject(wire([[0x12, 7, 0x72, 5, 0x22, 3, 5, 0xac, 0x02]]), NOTHING_EXPECTED), {
      ...POD,
      spec: { securityContext: { supplementalGroups: [5, 300] } },
    })
  })

  it('DeleteOptions are those of every group', () => {
    for (const apiVersion of ['v1', 'apps/v1', 'meta.k8s.io/v1']) {
      const options = { apiVersion, kind: 'DeleteOptions', gracePeriodSeconds: 0, preconditions: { uid: 'u' } }
      assert.deepEqual(decodeObject(encodeObject(options, 'V1DeleteOptions'), POD), options)
    }
  })

  it('an object without a kind is of the expected one', () => {
    const nameless = encodeObject({ apiVersion: '', kind: '', metadata: { name: 'a' } }, 'V1Pod')
    assert.deepEqual(decodeObject(nameless, POD), { ...POD, metadata: { name: 'a' } })
  })

  it('a kind whose fields nobody knows is not decoded', () => {
    for (const meta of [
      { apiVersion: 'v1', kind: 'Robot' },
      { apiVersion: 'v1', kind: 'constructor' },
      { apiVersion: '__proto__', kind: 'Pod' },
    ]) {
      assert.equal(decodeObject(encodeObject(meta, ''), POD), undefined)
    }
  })

  const MALFORMED: readonly (readonly [what: string, body: () => Buffer, sentence: string])[] = [
    ['nothing', () => Buffer.alloc(0), 'the object provided is unrecognized (must be of type Pod): empty data'],
    [
      'JSON',
      () => Buffer.from('{}'),
      'the object provided is unrecognized (must be of type Pod): provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] (7b7d)',
    ],
    [
      'a body that is cut short',
      () => Buffer.from('k8s\0\x0a\x05v1'),
      'the object provided is unrecognized (must be of type Pod): unexpected EOF',
    ],
    [
      'a message that is cut short',
      () => wire([[0x12, 9]]),
      'Pod in version "v1" cannot be handled as a Pod: unexpected EOF',
    ],
    [
      'a text where an object belongs',
      () => wire([[0x10, 1]]),
      'Pod in version "v1" cannot be handled as a Pod: proto: wrong wireType = 0 for field 2',
    ],
    [
      'a group',
      () => wire([[0xfb, 0x3f]]),
      'Pod in version "v1" cannot be handled as a Pod: proto: illegal wireType 3 of field 1023',
    ],
    [
      'a field 0',
      () => wire([[0x02, 0]]),
      'Pod in version "v1" cannot be handled as a Pod: proto: illegal tag 0 (wire type 2)',
    ],
    [
      'a number without end',
      () => wire([new Array<number>(11).fill(0xff)]),
      'Pod in version "v1" cannot be handled as a Pod: proto: integer overflow',
    ],
    [
      'a negative length',
      () => wire([[0x12, ...varint(BigInt.asUintN(64, -1n))]]),
      'Pod in version "v1" cannot be handled as a Pod: proto: negative length found during unmarshaling',
    ],
  ]
  for (const [what, body, sentence] of MALFORMED) {
    it(`${what}: refused in words`, () => {
      assert.throws(
        () => decodeObject(body(), POD),
        (thrown) => {
          assert.ok(thrown instanceof Failure)
          assert.deepEqual([thrown.reason, thrown.message], ['BadRequest', sentence])
          return true
        },
      )
    })
  }

  it('whatever the bytes are, it decodes or refuses', () => {
    const flipped = fc
      .record({ body: fc.constantFrom(...BODIES), at: fc.nat(), to: fc.nat(255), cut: fc.nat() })
      .map(({ body, at, to, cut }) => {
        const bytes = Buffer.from(body.protobuf, 'base64')
        bytes[at % bytes.length] = to
        return cut % 3 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes
      })
    const garbage = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.concat([wire([]), bytes]))
    const inPod = fc.uint8Array({ maxLength: 100 }).map((bytes) => wire([[0x12, bytes.length, ...bytes]]))
    fc.assert(
      fc.property(fc.oneof(flipped, garbage, inPod), (bytes) => {
        try {
          decodeObject(bytes, POD)
        } catch (thrown) {
          assert.ok(thrown instanceof Failure && thrown.reason === 'BadRequest', String(thrown))
        }
      }),
      { numRuns: 3_000 },
    )
  })
})

function message(fields: readonly (readonly number[])[]): Buffer {
  const content = Buffer.from(fields.flat())
  return Buffer.concat([varint(BigInt(content.length)), content])
}

function* knownKinds(): Generator<{ apiVersion: string; kind: string; typeName: string }> {
  for (const [apiVersion, kinds] of Object.entries(KINDS)) {
    for (const [kind, typeName] of Object.entries(kinds)) {
      if (messageFields(typeName) !== undefined) yield { apiVersion, kind, typeName }
    }
  }
}

/** Fails for a type without numbers and for a type inside of itself. */
function checkTypes(fields: MessageFields, within: readonly string[]): void {
  for (const field of fields.values()) {
    if (field.is === 'inlined') checkTypes(field.fields, within)
    else {
      const name = innermost(field.type)
      if (name === undefined) continue
      assert.ok(!within.includes(name), [...within, name].join(' > '))
      checkTypes(messagesOf(name), [...within, name])
    }
  }
}

function innermost(type: FieldType): string | undefined {
  if (type.is === 'scalar') return undefined
  return type.is === 'object' ? type.name : innermost(type.of)
}

/** JSON of Go's: what is left out and what is null means the same. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, part]) => (part === null ? [] : [[name, withoutNulls(part)]])),
  )
}
