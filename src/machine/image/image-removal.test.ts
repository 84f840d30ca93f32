import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../failure.ts'
import { EMPTY_INDEX, type ImageIndex, type ImageRecord, imageOf, withImage } from './image-index.ts'
import { planPrune, planRemoval } from './image-removal.ts'

const hex = (letter: string) => letter.repeat(64)
const id = (letter: string) => `sha256:${hex(letter)}`
const NONE: ReadonlySet<string> = new Set()

/** a has two tags, b one, c lost its tag to b, d was pulled by digest. */
const index = [
  ['a', 'docker.io/library/a:1'],
  ['a', 'docker.io/library/a:2'],
  ['c', 'docker.io/library/b:1'],
  ['b', 'docker.io/library/b:1'],
  ['d', `docker.io/library/d@${id('9')}`],
].reduce<ImageIndex>((before, [letter = '', name]) => withImage(before, record(letter), name), EMPTY_INDEX)

describe('planRemoval', () => {
  const removed: readonly (readonly [
    rule: string,
    what: string,
    force: boolean,
    untagged: string[],
    deleted: string[],
  ])[] = [
    ['a name comes off', 'a:1', false, ['docker.io/library/a:1'], []],
    ['with the last name the image goes', 'b:1', false, ['docker.io/library/b:1'], [id('b')]],
    ['by its ID an image goes with its name', id('b'), false, ['docker.io/library/b:1'], [id('b')]],
    ['the beginning of an ID will do', 'bbbbbb', false, ['docker.io/library/b:1'], [id('b')]],
    ['one without a name goes by its ID', id('c').slice(0, 20), false, [], [id('c')]],
    ['by what its tag resolved to', `b@${id('b')}`, false, ['docker.io/library/b:1'], [id('b')]],
    ['by the digest it was pulled by', `d@${id('9')}`, false, [`docker.io/library/d@${id('9')}`], [id('d')]],
    ['by force with all names', id('a'), true, ['docker.io/library/a:1', 'docker.io/library/a:2'], [id('a')]],
  ]
  for (const [rule, what, force, untagged, deleted] of removed) {
    it(`${rule}: ${what.slice(0, 20)}`, () => {
      const planned = planRemoval(index, what, { force, inUse: NONE })
      assert.deepEqual({ untagged: planned.untagged, deleted: planned.deleted }, { untagged, deleted })
      const left = Object.values(planned.index.records).map((one) => one.id)
      const expected = ['a', 'b', 'c', 'd'].map(id).filter((one) => !deleted.includes(one))
      assert.deepEqual(left.sort(), expected)
      for (const name of untagged) assert.equal(planned.index.names[name], undefined)
    })
  }

  const refused: readonly (readonly [rule: string, what: string, reason: string, message: RegExp])[] = [
    ['several names', id('a'), 'Conflict', /several names \(docker.io\/library\/a:1, docker.io\/library\/a:2\)/],
    ['nothing of that name', 'nginx', 'NotFound', /remove image "nginx": no such image/],
    ['nothing of that ID', hex('f'), 'NotFound', /no such image/],
    ['not even three letters', 'aaa', 'NotFound', /no such image/],
    ['no name at all', 'A b', 'InvalidImageName', /couldn't parse/],
  ]
  for (const [rule, what, reason, message] of refused) {
    it(`refuses ${rule}`, () =>
      assert.throws(() => planRemoval(index, what, { force: false, inUse: NONE }), isFailure(reason, message)))
  }

  it('refuses what a container stands on, but not to take off one name of several', () => {
    const inUse = new Set([id('a'), id('b')])
    for (const what of ['b:1', id('b')]) {
      assert.throws(() => planRemoval(index, what, { force: true, inUse }), isFailure('ImageInUse', /a container uses/))
    }
    assert.deepEqual(planRemoval(index, 'a:1', { force: false, inUse }).deleted, [])
  })

  it('refuses a beginning that several IDs have', () => {
    const twins = withImage(index, { ...record('e'), id: `sha256:bbbb${hex('e').slice(4)}` }, undefined)
    assert.throws(
      () => planRemoval(twins, 'bbbb', { force: false, inUse: NONE }),
      isFailure('Conflict', /several images/),
    )
  })
})

describe('planPrune', () => {
  const pruned: readonly (readonly [which: 'dangling' | 'all', used: string[], deleted: string[]])[] = [
    ['dangling', [], ['c']],
    ['dangling', ['c'], []],
    ['all', [], ['a', 'b', 'c', 'd']],
    ['all', ['a', 'd'], ['b', 'c']],
  ]
  for (const [which, used, deleted] of pruned) {
    it(`${which} with ${used.join(', ') || 'nothing'} in use takes ${deleted.join(', ') || 'nothing'}`, () => {
      const planned = planPrune(index, which, new Set(used.map(id)))
      assert.deepEqual([...planned.deleted].sort(), deleted.map(id))
    })
  }
})

describe('imageOf', () => {
  it('puts the topmost layer first and tells names from digests', () => {
    const image = imageOf(index, record('b'), (diffId) => `/layers/${diffId}`)
    assert.deepEqual(image.layerDirs, [`/layers/top b`, `/layers/bottom b`])
    assert.deepEqual(image.names, ['docker.io/library/b:1'])
    assert.deepEqual(image.digests, [`docker.io/library/b@${id('b')}`])
    assert.equal(image.sizeBytes, 111)
  })
})

function record(letter: string): ImageRecord {
  return {
    id: id(letter),
    manifest: { digest: id(letter), sizeBytes: 5, mediaType: 'manifest' },
    configSizeBytes: 1,
    layers: [
      { digest: id('1'), sizeBytes: 10, mediaType: 'layer', diffId: `bottom ${letter}` },
      { digest: id('2'), sizeBytes: 100, mediaType: 'layer', diffId: `top ${letter}` },
    ],
    digests: [`docker.io/library/${letter}@${id(letter)}`],
    config: {
      entrypoint: [],
      cmd: [],
      env: [],
      workingDir: '',
      user: '',
      stopSignal: undefined,
      volumes: [],
      architecture: 'amd64',
      os: 'linux',
    },
  }
}

function isFailure(reason: string, message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof Failure)
    assert.equal(error.reason, reason)
    assert.match(error.message, message)
    return true
  }
}
