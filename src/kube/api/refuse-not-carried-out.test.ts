import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CarriedOut } from './carried-out.ts'
import { ADVICE, CARRIED_OUT_OF_POD } from './carried-out.ts'
import { parsePod } from './parse-pod.ts'
import type { PodManifest } from './parse-pod.ts'
import { refuseNotCarriedOut } from './refuse-not-carried-out.ts'
import type { FieldType } from './schema.ts'
import { fieldsOf } from './schema.ts'

interface Leaf {
  readonly path: readonly string[]
  readonly carriedOut: CarriedOut | undefined
}

/** Every field of the type down to where the table says 'whole', gives values, or says nothing. */
function fieldsInTable(typeName: string, table: CarriedOut, path: readonly string[] = []): Leaf[] {
  assert.ok(typeof table === 'object' && 'fields' in table, path.join('.'))
  const fields = fieldsOf(typeName)
  assert.ok(fields, typeName)
  const strangers = Object.keys(table.fields).filter((name) => !fields.has(name))
  assert.deepEqual(strangers, [], `${path.join('.')}: the table has fields that ${typeName} has not`)
  return [...fields].flatMap(([name, { type }]) => {
    const carriedOut = table.fields[name]
    const inner = objectIn(type)
    const here = [...path, type.is === 'list' ? `${name}[]` : name]
    const goesOn = typeof carriedOut === 'object' && 'fields' in carriedOut && inner !== undefined
    return goesOn ? fieldsInTable(inner, carriedOut, here) : [{ path: here, carriedOut }]
  })
}

function objectIn(type: FieldType): string | undefined {
  if (type.is === 'list') return objectIn(type.of)
  return type.is === 'object' ? type.name : undefined
}

/** The smallest object that has something at the path. */
function objectWith([first, ...rest]: readonly string[]): Record<string, unknown> {
  const name = first?.replace('[]', '') ?? ''
  const inner = rest.length === 0 ? 'something' : objectWith(rest)
  return { [name]: first?.endsWith('[]') === true ? [inner] : inner }
}

function refusalsOf(pod: unknown): string[] {
  return refuseNotCarriedOut(pod as PodManifest).map(({ field, message, reason }) => {
    assert.equal(reason, 'NotCarriedOut')
    return `${field}: ${message}`
  })
}

describe('a field that is not carried out is refused by name', () => {
  const leaves = fieldsInTable('V1Pod', CARRIED_OUT_OF_POD)
  const unknown = leaves.filter(({ carriedOut }) => carriedOut === undefined)

  it('each field of the schema that the table does not have', () => {
    assert.ok(unknown.length > 30, `${unknown.length} fields`)
    for (const { path } of unknown) {
      const field = path.join('.').replaceAll('[]', '[0]')
      const name = path.at(-1)?.replace('[]', '') ?? ''
      const shown = field.replace(/\[0\]$/, '')
      const advice = ADVICE[name] ?? 'remove it'
      assert.deepEqual(refusalsOf(objectWith(path)), [`${shown}: ${name} is not carried out by peapod yet; ${advice}`])
    }
  })

  it('no field that the table has whole', () => {
    for (const { path } of leaves.filter(({ carriedOut }) => carriedOut === 'whole')) {
      assert.deepEqual(refusalsOf(objectWith(path)), [], path.join('.'))
    }
  })

  it('each value that the table does not have', () => {
    for (const { path } of leaves.filter(
      ({ carriedOut }) => typeof carriedOut === 'object' && 'values' in carriedOut,
    )) {
      assert.match(refusalsOf(objectWith(path)).join(), /^\S+: "something" is not carried out by peapod yet; /)
    }
  })

  it('the things that are easily forgotten', () => {
    const names = unknown.map(({ path }) => path.join('.').replaceAll('[]', ''))
    const expected = [
      'spec.containers.env.valueFrom.fileKeyRef',
      'spec.containers.volumeMounts.subPathExpr',
      'spec.ephemeralContainers.volumeMounts.subPathExpr',
      'spec.volumes.projected.sources.clusterTrustBundle',
      'spec.volumes.projected.sources.podCertificate',
      'spec.securityContext.fsGroup',
      'spec.resources',
    ]
    assert.deepEqual(
      expected.filter((name) => !names.includes(name)),
      [],
    )
  })
})

describe('what a valid Pod may ask for', () => {
  const app = { name: 'app', image: 'web:1' }
  const cases: [rule: string, spec: object, refusals: string[]][] = [
    ['defaults ask for nothing', { containers: [app] }, []],
    ['a sidecar', { containers: [app], initContainers: [{ name: 'p', image: 'p', restartPolicy: 'Always' }] }, []],
    [
      'R5: another policy of an init container',
      { containers: [app], initContainers: [{ name: 'p', image: 'p', restartPolicy: 'OnFailure' }] },
      [],
    ],
    ['cpu and memory', { containers: [{ ...app, resources: { limits: { cpu: '1', memory: '1Gi' } } }] }, []],
    [
      'another resource',
      { containers: [{ ...app, resources: { requests: { 'ephemeral-storage': '1Gi' } } }] },
      [
        'spec.containers[0].resources.requests[ephemeral-storage]: ephemeral-storage is not carried out by peapod yet; remove it',
      ],
    ],
    [
      'a protocol',
      { containers: [{ ...app, ports: [{ containerPort: 80, protocol: 'SCTP' }] }] },
      ['spec.containers[0].ports[0].protocol: "SCTP" is not carried out by peapod yet; use TCP or UDP'],
    ],
    [
      'huge pages',
      { containers: [app], volumes: [{ name: 'v', emptyDir: { medium: 'HugePages' } }] },
      ['spec.volumes[0].emptyDir.medium: "HugePages" is not carried out by peapod yet; use Memory or remove it'],
    ],
    ['a switch that is off', { containers: [app], hostPID: false, hostIPC: false, shareProcessNamespace: false }, []],
    [
      'a switch that is on',
      { containers: [app], shareProcessNamespace: true },
      ['spec.shareProcessNamespace: true is not carried out by peapod yet; remove it'],
    ],
  ]
  for (const [rule, spec, refusals] of cases) {
    it(rule, () => {
      const parsed = parsePod({ metadata: { name: 'web' }, spec })
      assert.ok(parsed.ok, JSON.stringify(parsed))
      assert.deepEqual(refusalsOf(parsed.value), refusals)
    })
  }
})
