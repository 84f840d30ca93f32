import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { ISSUER, keySet, readToken, type SigningKey, signToken, type TokenClaims } from './service-account-tokens.ts'

const NOW_MS = Date.parse('2026-01-02T03:04:05Z')
const NOW = NOW_MS / 1000

function newKey(): SigningKey {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

const CLAIMS: TokenClaims = {
  account: { namespace: 'shop', name: 'bot', uid: 'account-uid' },
  audiences: [ISSUER],
  pod: { name: 'web', uid: 'pod-uid' },
  issuedAtSeconds: NOW,
  expiresAtSeconds: NOW + 3600,
  id: 'one',
}

describe('service account tokens', () => {
  const key = newKey()
  const token = signToken(key, CLAIMS)

  it('say what they were signed with', () => assert.deepEqual(readToken(key, token, NOW_MS), CLAIMS))

  it('carry the claims by which clients know them', () => {
    const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    assert.deepEqual(payload, {
      aud: [ISSUER],
      exp: NOW + 3600,
      iat: NOW,
      iss: ISSUER,
      jti: 'one',
      'kubernetes.io': {
        namespace: 'shop',
        pod: { name: 'web', uid: 'pod-uid' },
        serviceaccount: { name: 'bot', uid: 'account-uid' },
      },
      nbf: NOW,
      sub: 'system:serviceaccount:shop:bot',
    })
  })

  const forged = (change: (parts: [string, string, string]) => void): string => {
    const parts = token.split('.') as [string, string, string]
    change(parts)
    return parts.join('.')
  }
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const publicPem = key.publicKey.export({ type: 'spki', format: 'pem' })
  const refused: readonly [title: string, token: string, nowMs?: number][] = [
    ['that have ended', token, NOW_MS + 3600_000],
    ['of a time to come', token, NOW_MS - 3600_000],
    ['of another key', signToken(newKey(), CLAIMS)],
    ['without a signature', forged((parts) => (parts[2] = ''))],
    ['that claim no algorithm', forged((parts) => ((parts[0] = encode({ alg: 'none' })), (parts[2] = '')))],
    [
      'signed with the public key as a shared secret',
      forged((parts) => {
        parts[0] = encode({ alg: 'HS256' })
        parts[2] = createHmac('sha256', publicPem).update(`${parts[0]}.${parts[1]}`).digest('base64url')
      }),
    ],
    ['with other claims', forged((parts) => (parts[1] = encode({ iss: ISSUER, sub: 'system:admin' })))],
    ['with more parts', `${token}.more`],
    ['that are nothing', ''],
    ['that are no JSON', 'a.b.c'],
  ]
  for (const [title, text, nowMs = NOW_MS] of refused) {
    it(`${title} are not believed`, () => assert.equal(readToken(key, text, nowMs), undefined))
  }

  it('bear a moment of another clock', () => assert.notEqual(readToken(key, token, NOW_MS - 30_000), undefined))

  it('can be checked by others with the published key', () => {
    const [published] = (keySet(key) as { keys: readonly Record<string, string>[] }).keys
    const { kid } = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }
    assert.equal(published?.['kid'], kid)
    assert.equal(published['crv'], 'P-256')
  })
})
