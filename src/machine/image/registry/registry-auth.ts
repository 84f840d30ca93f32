import { type AuthChallenge, parseChallenges } from './auth-challenge.ts'
import type { Credentials } from './auth-file.ts'
import type { HttpAnswer } from './http-transport.ts'
import { readLimited } from './read-limited.ts'
import type { ConnectionOptions } from './registry-connection.ts'
import { isLoopback } from './registry-endpoints.ts'
import { answerError, ProtocolError } from './registry-error.ts'

const MOST_TOKEN_BYTES = 1024 * 1024

/** What one connection has to show. It is learnt from the registry's first 401. */
export interface AuthSession {
  readonly options: ConnectionOptions
  /** The header's value, once it is known. */
  authorization(): string | undefined
  set(authorization: string): void
}

export function openAuthSession(options: ConnectionOptions): AuthSession {
  let authorization: string | undefined
  return {
    options,
    authorization: () => authorization,
    set: (value) => (authorization = value),
  }
}

/** Gets what a registry asks for in a 401. When the session shows nothing else afterwards, the 401 is the last word. */
export async function authorize(session: AuthSession, refused: HttpAnswer, signal: AbortSignal): Promise<void> {
  const challenges = parseChallenges(refused.headers['www-authenticate'] ?? '')
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer')
  const { endpoint, repository, credentials } = session.options
  const known = await credentials(endpoint.registry, repository)
  if (bearer !== undefined) {
    session.set(`Bearer ${await fetchToken(session.options, { bearer, known, refused, signal })}`)
  } else if (known?.is === 'password' && challenges.some(({ scheme }) => scheme === 'basic')) {
    session.set(basic(known))
  }
}

interface TokenQuestion {
  readonly bearer: AuthChallenge
  readonly known: Credentials | undefined
  readonly refused: HttpAnswer
  readonly signal: AbortSignal
}

/** @see https://distribution.github.io/distribution/spec/auth/token/ and …/oauth/ */
async function fetchToken(options: ConnectionOptions, question: TokenQuestion): Promise<string> {
  const { known, signal } = question
  const realm = realmOf(question, options)
  const scopes = scopesOf(options, question.bearer)
  const service = question.bearer.parameters['service']
  const shared = { signal, insecureTls: options.endpoint.insecureTls }
  if (known?.is === 'identity-token') {
    const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'peapod', refresh_token: known.token })
    if (service !== undefined) form.set('service', service)
    form.set('scope', scopes.join(' '))
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const body = Buffer.from(form.toString())
    return tokenIn(await options.transport.send({ method: 'POST', url: realm, headers, body, ...shared }), realm)
  }
  if (service !== undefined) realm.searchParams.set('service', service)
  for (const scope of scopes) realm.searchParams.append('scope', scope)
  if (known !== undefined) realm.searchParams.set('account', known.username)
  const headers: Record<string, string> = known === undefined ? {} : { authorization: basic(known) }
  return tokenIn(await options.transport.send({ method: 'GET', url: realm, headers, ...shared }), realm)
}

/** Where tokens are given out. A password goes there in the clear only when the registry itself is plain HTTP. */
function realmOf({ bearer, known, refused }: TokenQuestion, options: ConnectionOptions): URL {
  const written = bearer.parameters['realm']
  const realm = written === undefined ? null : URL.parse(written)
  if (realm === null || !/^https?:$/.test(realm.protocol)) {
    throw new ProtocolError(`${refused.url.host} asks for a token from ${JSON.stringify(written)}, which is no URL`)
  }
  const mayBePlain = refused.url.protocol === 'http:' || options.endpoint.insecureTls || isLoopback(realm.host)
  if (known !== undefined && realm.protocol === 'http:' && !mayBePlain) {
    throw new ProtocolError(
      `${refused.url.host} asks for credentials to be sent to ${realm.origin} in the clear: refused`,
    )
  }
  return realm
}

function scopesOf({ repository, access, alsoReads = [] }: ConnectionOptions, bearer: AuthChallenge): string[] {
  const asked = bearer.parameters['scope']?.split(' ') ?? []
  const own = `repository:${repository}:${access}`
  const others = asked.filter((scope) => scope !== '' && !scope.startsWith(`repository:${repository}:`))
  return [...new Set([own, ...alsoReads.map((name) => `repository:${name}:pull`), ...others])]
}

async function tokenIn(answer: HttpAnswer, realm: URL): Promise<string> {
  if (answer.status !== 200) throw await answerError(realm.host, answer)
  const bytes = await readLimited(answer, MOST_TOKEN_BYTES, `token of ${realm.host}`)
  let token: unknown
  try {
    const body = JSON.parse(bytes.toString('utf8')) as { token?: unknown; access_token?: unknown }
    token = body.token ?? body.access_token
  } catch {
    // Not passed on as the cause: it would quote what may be a secret.
    throw new ProtocolError(`the token of ${realm.host} is not JSON`)
  }
  if (typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)) return token
  throw new ProtocolError(`${realm.host} answered without a token`)
}

function basic({ username, password }: Credentials & { readonly is: 'password' }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}
