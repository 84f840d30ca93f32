import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { CARRIED_OUT_OF_POD, type CarriedOut } from '../src/kube/api/carried-out.ts'
import { fieldsOf, type FieldType } from '../src/kube/api/schema.ts'

const TEXT = readFileSync(join(import.meta.dirname, '..', 'docs', 'pod-fields.md'), 'utf8')

/** The fields of the tables below a heading. */
function listed(heading: string, prefix: string): string[] {
  const section = TEXT.split(/^## /m).find((each) => each.startsWith(`${heading}\n`)) ?? ''
  const cells = [...section.matchAll(/^\| (`[^|]*?) *\|/gm)].map(([, cell = '']) => cell)
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, field = '']) => prefix + field))
}

function pathsOf(carriedOut: CarriedOut, path: string): string[] {
  if (carriedOut === 'whole' || 'values' in carriedOut) return [path]
  return Object.entries(carriedOut.fields).flatMap(([name, part]) =>
    pathsOf(part, path === '' ? name : `${path}.${name}`),
  )
}

const carriedOut = pathsOf(CARRIED_OUT_OF_POD, '').filter((path) => path.startsWith('spec.'))
const INIT = 'spec.initContainers.'
const EPHEMERAL = 'spec.ephemeralContainers.'

describe('docs/pod-fields.md', () => {
  it('lists the fields that are carried out, and no other', () => {
    const documented = [
      ...listed('Of a container', 'spec.containers.'),
      ...listed('Of a volume', 'spec.volumes.'),
      ...listed('Of the pod', 'spec.'),
    ]
    const others = carriedOut.filter((path) => !path.startsWith(INIT) && !path.startsWith(EPHEMERAL))
    assert.deepEqual(documented.sort(), others.sort())
  })

  it('is right that init containers and ephemeral ones have the same', () => {
    const below = (prefix: string) =>
      carriedOut.filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length))
    const ofApp = listed('Of a container', '')
    assert.deepEqual(below(INIT).sort(), ofApp.toSorted())
    assert.deepEqual(below(EPHEMERAL).sort(), [...ofApp, 'targetContainerName'].sort())
  })

  it('lists as not yet carried out what Kubernetes has and peapod refuses', () => {
    const missing = listed('Not yet', '')
    assert.ok(missing.length > 0)
    for (const path of missing) {
      assert.ok(!carriedOut.some((known) => known === path || known.startsWith(`${path}.`)), `${path} is carried out`)
      assert.ok(isField(path), `${path} is a field of Pod`)
    }
  })
})

function isField(path: string): boolean {
  let type: FieldType | undefined = { is: 'object', name: 'V1Pod' }
  for (const name of path.split('.')) {
    while (type?.is === 'list' || type?.is === 'map') type = type.of
    type = type?.is === 'object' ? fieldsOf(type.name)?.get(name)?.type : undefined
  }
  return type !== undefined
}
