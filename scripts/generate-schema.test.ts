import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { generateSchema } from './generate-schema.ts'
import type { Types } from '../src/kube/api/schema.ts'
import { fieldsOf, KINDS } from '../src/kube/api/schema.ts'

const CLIENT = join(import.meta.dirname, '../node_modules/@kubernetes/client-node/dist/gen')
const FOLDER = mkdtempSync(join(tmpdir(), 'peapod-schema-'))
after(() => rmSync(FOLDER, { recursive: true }))

function read(name: string): unknown {
  return JSON.parse(readFileSync(join(FOLDER, name), 'utf8'))
}

describe('the schema', () => {
  generateSchema(CLIENT, FOLDER)
  const everyday = (read('everyday.json') as { types: Types }).types
  const rest = (read('rest.json') as { types: Types }).types

  it('is made again to the same bytes, with nothing else left in its folder', () => {
    const files = readdirSync(FOLDER)
    const before = files.map((file) => readFileSync(join(FOLDER, file), 'utf8'))
    generateSchema(CLIENT, FOLDER)
    assert.deepEqual(readdirSync(FOLDER), ['docs.json', 'everyday.json', 'rest.json'])
    assert.deepEqual(
      files.map((file) => readFileSync(join(FOLDER, file), 'utf8')),
      before,
    )
  })

  it('has the type of every kind, and every type that a field names', () => {
    const types = { ...everyday, ...rest }
    const kinds = Object.values(KINDS).flatMap((each) => Object.values(each))
    assert.ok(kinds.length > 60, `${kinds.length} kinds`)
    assert.deepEqual(
      kinds.filter((name) => types[name] === undefined),
      [],
    )
    const named = Object.values(types).flatMap((fields) =>
      Object.values(fields).map((type) => type.replace(/^!|\[\]|\{\}/g, '')),
    )
    assert.deepEqual(
      [...new Set(named.filter((name) => /^[A-Z]/.test(name) && name !== 'IntOrString' && types[name] === undefined))],
      [],
    )
  })

  it('has what a Pod needs in the everyday file', () => {
    const waiting = ['V1Pod']
    const seen = new Set<string>()
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      if (seen.has(name)) continue
      seen.add(name)
      const fields = fieldsOf(name)
      assert.ok(fields, name)
      for (let { type } of fields.values()) {
        while (type.is === 'list' || type.is === 'map') type = type.of
        if (type.is === 'object') waiting.push(type.name)
      }
    }
    assert.ok(seen.size > 100)
  })

  it('knows lists, maps, quantities, times and what has to be there', () => {
    const text = { is: 'scalar', name: 'string' }
    assert.deepEqual(fieldsOf('V1Container')?.get('args'), { required: false, type: { is: 'list', of: text } })
    assert.deepEqual(fieldsOf('V1Container')?.get('name'), { required: true, type: text })
    assert.deepEqual(fieldsOf('V1ObjectMeta')?.get('labels')?.type, { is: 'map', of: text })
    assert.deepEqual(fieldsOf('V1ObjectMeta')?.get('creationTimestamp')?.type, { is: 'scalar', name: 'time' })
    assert.deepEqual(fieldsOf('V1ResourceRequirements')?.get('limits')?.type, {
      is: 'map',
      of: { is: 'scalar', name: 'quantity' },
    })
    assert.deepEqual(fieldsOf('V1HTTPGetAction')?.get('port')?.type, { is: 'scalar', name: 'IntOrString' })
    assert.equal(KINDS['apps/v1']?.['Deployment'], 'V1Deployment')
  })

  it('has the documentation of types and fields', () => {
    const docs = read('docs.json') as Record<string, Record<string, string>>
    assert.equal(docs['V1Container']?.[''], 'A single application container that you want to run within a pod.')
    assert.match(
      docs['V1ContainerPort']?.['containerPort'] ?? '',
      /^Number of port to expose on the pod's IP address\./,
    )
  })
})
