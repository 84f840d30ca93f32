import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { imageReplacement, imagesOf, replaceImages } from './replace-images.ts'

const DIGEST = `sha256:${'0'.repeat(64)}`

describe('an image name', () => {
  const CASES: [name: string, image: string, fits: boolean][] = [
    ['nginx', 'nginx', true],
    ['nginx', 'nginx:1.29', true],
    ['nginx', `nginx@${DIGEST}`, true],
    ['nginx', 'docker.io/library/nginx:1', true],
    ['nginx', 'docker.io/nginx', true],
    ['nginx', 'index.docker.io/library/nginx', true],
    ['docker.io/library/nginx', 'nginx', true],
    ['nginx:latest', 'nginx', true],
    ['nginx:1', 'nginx:1', true],
    ['nginx:1', 'nginx', false],
    ['nginx:latest', `nginx@${DIGEST}`, false],
    [`nginx@${DIGEST}`, `nginx:1@${DIGEST}`, true],
    [`nginx@${DIGEST}`, 'nginx', false],
    ['nginx', 'nginxx', false],
    ['nginx', 'quay.io/nginx', false],
    ['nginx', 'me/nginx', false],
    ['me/nginx', 'docker.io/me/nginx:2', true],
    ['localhost:5000/web', 'localhost:5000/web:1', true],
    ['localhost/web', 'localhost/web', true],
    ['localhost:5000/web', 'localhost:5001/web', false],
  ]
  for (const [name, image, fits] of CASES) {
    it(`${name} ${fits ? 'names' : 'does not name'} ${image}`, () => {
      assert.equal(imageReplacement(name, 'other', 'flag').fits(image), fits)
    })
  }
})

describe('replaceImages', () => {
  const replacements = [imageReplacement('nginx:1', 'first', 'flag'), imageReplacement('nginx', 'second', 'config')]
  const pod = {
    kind: 'Pod',
    spec: { initContainers: [{ image: 'nginx:1' }], containers: [{ name: 'a', image: 'nginx' }, { image: 'redis' }] },
  }

  it('uses the first that fits, in all containers', () => {
    assert.deepEqual(replaceImages(pod, replacements), {
      kind: 'Pod',
      spec: { initContainers: [{ image: 'first' }], containers: [{ name: 'a', image: 'second' }, { image: 'redis' }] },
    })
    assert.deepEqual(imagesOf(pod), ['nginx:1', 'nginx', 'redis'])
  })

  for (const odd of [
    {},
    { spec: null },
    { spec: { containers: 'x' } },
    { spec: { containers: [null, 7, { image: 7 }] } },
  ]) {
    it(`leaves ${JSON.stringify(odd)} to the parser`, () => {
      assert.deepEqual(replaceImages(odd, replacements), odd)
      assert.deepEqual(imagesOf(odd), [])
    })
  }
})
