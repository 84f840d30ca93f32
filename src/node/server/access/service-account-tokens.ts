import { createHash, type KeyObject, sign, verify } from 'node:crypto'
import { accountUserName, type AccountKey } from '../../../kube/api/rbac/identity.ts'

/** Who the tokens are from, and who they are for when nobody else is named. */
export const ISSUER = 'https://kubernetes.default.svc.cluster.local'

export interface SigningKey {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** An object that a token dies with. */
interface Bound {
  readonly name: string
  readonly uid: string
}

export interface TokenClaims {
  readonly account: AccountKey & { readonly uid: string }
  readonly audiences: readonly string[]
  readonly pod?: Bound
  readonly secret?: Bound
  readonly node?: Bound
  readonly issuedAtSeconds: number
  readonly expiresAtSeconds: number
  /** Tells this token from every other. */
  readonly id: string
}

/** The claims as Kubernetes writes them, as a JSON Web Token. Source: pkg/serviceaccount/claims.go. */
export function signToken(key: SigningKey, claims: TokenClaims): string {
  const { account, pod, secret, node } = claims
  const header = { alg: 'ES256', kid: keyId(key), typ: 'JWT' }
  const payload = {
    aud: claims.audiences,
    exp: claims.expiresAtSeconds,
    iat: claims.issuedAtSeconds,
    iss: ISSUER,
    jti: claims.id,
    'kubernetes.io': {
      namespace: account.namespace,
      ...(node === undefined ? {} : { node }),
      ...(pod === undefined ? {} : { pod }),
      ...(secret === undefined ? {} : { secret }),
      serviceaccount: { name: account.name, uid: account.uid },
    },
    nbf: claims.issuedAtSeconds,
    sub: accountUserName(account),
  }
  const signed = `${encode(header)}.${encode(payload)}`
  const signature = sign('sha256', Buffer.from(signed), { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')}`
}

/**
 * What a token says, when it is one of ours and its time has come and not passed. Whether its account and pod still
 * exist is for the caller to see.
 *
 * @returns undefined for a token of somebody else, a broken one or one that has ended.
 */
export function readToken(key: SigningKey, token: string, nowMs: number): TokenClaims | undefined {
  const [header = '', payload = '', signature = '', ...more] = token.split('.')
  if (more.length > 0 || decode(header)?.['alg'] !== 'ES256') return undefined
  const isOurs = verify(
    'sha256',
    Buffer.from(`${header}.${payload}`),
    { key: key.publicKey, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  )
  const claims = isOurs ? decode(payload) : undefined
  if (claims === undefined || claims['iss'] !== ISSUER) return undefined
  const read = readClaims(claims)
  const { nbf } = claims
  const nowSeconds = nowMs / 1000
  return read.expiresAtSeconds <= nowSeconds || Number(nbf) > nowSeconds + CLOCK_SKEW_SECONDS ? undefined : read
}

/** A clock that was set back a little makes no token invalid. */
const CLOCK_SKEW_SECONDS = 60

/** Signed by us: what stands in it is as signToken wrote it. */
function readClaims(claims: Record<string, unknown>): TokenClaims {
  const own = claims['kubernetes.io'] as {
    readonly namespace: string
    readonly serviceaccount: Bound
    readonly pod?: Bound
    readonly secret?: Bound
    readonly node?: Bound
  }
  const { pod, secret, node, serviceaccount } = own
  return {
    account: { namespace: own.namespace, ...serviceaccount },
    audiences: claims['aud'] as readonly string[],
    ...(pod === undefined ? {} : { pod }),
    ...(secret === undefined ? {} : { secret }),
    ...(node === undefined ? {} : { node }),
    issuedAtSeconds: Number(claims['iat']),
    expiresAtSeconds: Number(claims['exp']),
    id: String(claims['jti']),
  }
}

/** `/openid/v1/jwks`: the key by which others can check tokens. */
export function keySet(key: SigningKey): unknown {
  return { keys: [{ use: 'sig', alg: 'ES256', kid: keyId(key), ...key.publicKey.export({ format: 'jwk' }) }] }
}

/** `/.well-known/openid-configuration` */
export function openidConfiguration(): unknown {
  return {
    issuer: ISSUER,
    jwks_uri: `${ISSUER}/openid/v1/jwks`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  }
}

function keyId({ publicKey }: SigningKey): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url')
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function decode(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    // Not JSON: whatever it is, it is no token of ours.
    return undefined
  }
}
