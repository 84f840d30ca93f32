import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Failure } from '../../failure.ts'
import { identityOf, type ImageReference, parseReference, printReference } from './reference.ts'

const SHA256 = `sha256:${'0123456789abcdef'.repeat(4)}`
const SHA512 = `sha512:${'0123456789abcdef'.repeat(8)}`

const READ: readonly (readonly [written: string, normal: string])[] = [
  ['nginx', 'docker.io/library/nginx:latest'],
  ['nginx:1.27', 'docker.io/library/nginx:1.27'],
  ['docker.io/nginx', 'docker.io/library/nginx:latest'],
  ['index.docker.io/nginx', 'docker.io/library/nginx:latest'],
  ['registry-1.docker.io/library/nginx', 'docker.io/library/nginx:latest'],
  ['bitnami/redis', 'docker.io/bitnami/redis:latest'],
  ['a/b/c', 'docker.io/a/b/c:latest'],
  ['ghcr.io/acme/web', 'ghcr.io/acme/web:latest'],
  ['localhost/web', 'localhost/web:latest'],
  ['localhost:5000/web', 'localhost:5000/web:latest'],
  ['Host/web', 'Host/web:latest'],
  ['[::1]:5000/web:1', '[::1]:5000/web:1'],
  ['[::1]/web', '[::1]/web:latest'],
  [`localhost:5000/a/b:tag@${SHA256}`, `localhost:5000/a/b:tag@${SHA256}`],
  [`nginx@${SHA256}`, `docker.io/library/nginx@${SHA256}`],
  [`quay.io/a__b/c-d--e.f_g@${SHA512}`, `quay.io/a__b/c-d--e.f_g@${SHA512}`],
  ['localhost:5000', 'docker.io/library/localhost:5000'],
]

const REFUSED: readonly (readonly [written: string, why: RegExp])[] = [
  ['', /names no repository/],
  [':tag', /names no repository/],
  ['Nginx', /must be lowercase; did you mean "nginx"/],
  ['ghcr.io/Acme/web', /must be lowercase; did you mean "acme\/web"/],
  ['nginx:', /"" is no tag/],
  ['nginx:.x', /is no tag/],
  [`nginx:${'x'.repeat(129)}`, /is no tag/],
  ['nginx@sha256:abc', /"sha256:abc" is no digest/],
  [`nginx@${SHA256.toUpperCase()}`, /is no digest/],
  [`nginx@md5:${'0'.repeat(32)}`, /is no digest/],
  ['a//b', /empty/],
  ['ghcr.io/', /empty/],
  ['nginx ', /may hold lower-case/],
  [' nginx', /may hold lower-case/],
  ['ngi\nnx', /may hold lower-case/],
  ['../etc/passwd', /no registry host/],
  ['a/../b', /may hold lower-case/],
  ['a/-b', /may hold lower-case/],
  ['https://ghcr.io/a/b', /no registry host/],
  ['ghcr.io:99999/a', /99999 is no port/],
  ['0123456789abcdef'.repeat(4), /64 hex digits/],
  ['x'.repeat(300), /255 characters/],
]

describe('parseReference', () => {
  for (const [written, normal] of READ) {
    it(`reads ${written} as ${normal}`, () => assert.equal(printReference(parseReference(written)), normal))
  }

  for (const [written, why] of REFUSED) {
    it(`refuses ${JSON.stringify(written.slice(0, 40))}`, () =>
      assert.throws(
        () => parseReference(written),
        (error) => {
          assert.ok(error instanceof Failure)
          assert.equal(error.reason, 'InvalidImageName')
          assert.ok(error.message.startsWith(`couldn't parse image name "${written}": invalid reference format: `))
          assert.match(error.message, why)
          return true
        },
      ))
  }

  it('reads what it printed as the same reference', () => {
    fc.assert(
      fc.property(anyReference(), (reference) => {
        const printed = printReference(reference)
        const again = parseReference(printed)
        assert.equal(printReference(again), printed)
        assert.deepEqual(again, reference)
      }),
    )
  })

  it('either reads a text so that its normal form reads the same, or refuses it by name', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[a-zA-Z0-9.:/@_[\]-]{0,40}$/))
    fc.assert(
      fc.property(text, (written) => {
        let normal: string
        try {
          normal = printReference(parseReference(written))
        } catch (error) {
          assert.ok(error instanceof Failure && error.reason === 'InvalidImageName')
          return
        }
        assert.equal(printReference(parseReference(normal)), normal)
      }),
    )
  })

  it('is known by its digest where it has one', () => {
    assert.equal(identityOf(parseReference(`nginx:1@${SHA256}`)), `docker.io/library/nginx@${SHA256}`)
    assert.equal(identityOf(parseReference('nginx:1')), 'docker.io/library/nginx:1')
  })
})

function anyReference(): fc.Arbitrary<ImageReference> {
  const part = fc.stringMatching(/^[a-z0-9]{1,8}((\.|_|__|-{1,3})[a-z0-9]{1,5}){0,2}$/)
  const tag = fc.stringMatching(/^\w[\w.-]{0,20}$/)
  const digest = fc.constantFrom(SHA256, SHA512)
  return fc
    .record({
      registry: fc.constantFrom(
        'docker.io',
        'ghcr.io',
        'localhost',
        'localhost:5000',
        'a.b-c.example:80',
        '[::1]:5000',
      ),
      path: fc.array(part, { minLength: 1, maxLength: 3 }),
      version: fc.oneof(
        fc.record({ tag, digest: fc.constant(undefined) }),
        fc.record({ tag: fc.constant(undefined), digest }),
        fc.record({ tag, digest }),
      ),
    })
    .map(({ registry, path, version }) => {
      const repository = registry === 'docker.io' && path.length === 1 ? `library/${path.join('/')}` : path.join('/')
      return { registry, repository, ...version }
    })
}
