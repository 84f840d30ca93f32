import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type AuthChallenge, parseChallenges } from './auth-challenge.ts'

const READ: readonly (readonly [header: string, challenges: readonly AuthChallenge[]])[] = [
  ['', []],
  ['Basic realm="a b"', [{ scheme: 'basic', parameters: { realm: 'a b' } }]],
  [
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull,push"',
    [
      {
        scheme: 'bearer',
        parameters: {
          realm: 'https://auth.docker.io/token',
          service: 'registry.docker.io',
          scope: 'repository:library/nginx:pull,push',
        },
      },
    ],
  ],
  [
    'Negotiate, BASIC Realm=plain, Bearer realm="x", error = "a \\"quoted\\" word"',
    [
      { scheme: 'negotiate', parameters: {} },
      { scheme: 'basic', parameters: { realm: 'plain' } },
      { scheme: 'bearer', parameters: { realm: 'x', error: 'a "quoted" word' } },
    ],
  ],
]

describe('parseChallenges', () => {
  for (const [header, challenges] of READ) {
    it(`reads ${header === '' ? 'nothing' : header.slice(0, 40)}`, () =>
      assert.deepEqual(parseChallenges(header), challenges))
  }

  it('comes to an end with whatever a registry sends', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '=', '"', '\\', ',', ' ', '{') }), (header) => {
        assert.ok(parseChallenges(header).length <= header.length)
      }),
    )
  })
})
