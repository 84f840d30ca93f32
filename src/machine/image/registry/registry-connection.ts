import type { Readable } from 'node:stream'
import type { CredentialsLookup } from './credentials.ts'
import type { HttpAnswer, HttpRequest, HttpTransport } from './http-transport.ts'
import { authorize, type AuthSession, openAuthSession } from './registry-auth.ts'
import { codeOf, ProtocolError } from './registry-error.ts'
import type { RegistryEndpoint } from './registry-endpoints.ts'

const MOST_REDIRECTS = 10
const USER_AGENT = 'peapod'

interface RegistryRequest {
  readonly method: HttpRequest['method']
  /** Below `/v2/`, such as `library/nginx/blobs/sha256:…`, or a whole URL that the registry gave as a Location. */
  readonly path: string | URL
  readonly headers?: Readonly<Record<string, string>>
  /** A function: the body may be needed a second time, after the registry asked who sends it. */
  readonly body?: () => Uint8Array | Readable
  readonly signal: AbortSignal
}

/** A place that serves one repository, with the authorization for it. */
export interface RegistryConnection {
  /** For messages: host with port. */
  readonly host: string
  /** Follows redirects and authorizes itself; any status is an answer. */
  request(request: RegistryRequest): Promise<HttpAnswer>
}

export interface ConnectionOptions {
  readonly endpoint: RegistryEndpoint
  readonly repository: string
  readonly access: 'pull' | 'pull,push'
  readonly transport: HttpTransport
  readonly credentials: CredentialsLookup
  /** Further repositories to be read, for blobs that are mounted from there. */
  readonly alsoReads?: readonly string[]
}

export function connectRegistry(options: ConnectionOptions): RegistryConnection {
  return new EndpointConnection(options)
}

class EndpointConnection implements RegistryConnection {
  readonly host: string
  readonly #options: ConnectionOptions
  readonly #session: AuthSession
  #authorizing: Promise<void> | undefined
  #baseUrl: string | undefined

  constructor(options: ConnectionOptions) {
    this.host = options.endpoint.name
    this.#options = options
    this.#session = openAuthSession(options)
  }

  async request(wanted: RegistryRequest): Promise<HttpAnswer> {
    const shown = this.#session.authorization()
    const answer = await this.#ask(wanted)
    // Whoever is redirected to has no say in where credentials go.
    if (answer.status !== 401 || answer.url.origin !== this.#homeOf(answer.url)) return answer
    await this.#authorize(answer, shown, wanted.signal)
    if (this.#session.authorization() === shown) return answer
    answer.discard()
    return this.#ask(wanted)
  }

  /** Several requests may be refused at once: the first one finds out what to show, for all of them. */
  async #authorize(refused: HttpAnswer, shown: string | undefined, signal: AbortSignal): Promise<void> {
    if (this.#session.authorization() !== shown) return
    this.#authorizing ??= authorize(this.#session, refused, signal).finally(() => (this.#authorizing = undefined))
    await this.#authorizing
  }

  #ask(wanted: RegistryRequest): Promise<HttpAnswer> {
    if (wanted.path instanceof URL) return this.#send(wanted, wanted.path)
    if (this.#baseUrl === undefined) return this.#askFirstTime(wanted, wanted.path)
    return this.#send(wanted, new URL(`${this.#baseUrl}/v2/${wanted.path}`))
  }

  /** Finds out which base URL can be talked to: HTTPS, and plain HTTP where that is allowed. */
  async #askFirstTime(wanted: RegistryRequest, path: string): Promise<HttpAnswer> {
    const { baseUrls } = this.#options.endpoint
    let firstError: unknown
    for (const [index, candidate] of baseUrls.entries()) {
      try {
        const answer = await this.#send(wanted, new URL(`${candidate}/v2/${path}`))
        this.#baseUrl = candidate
        return answer
      } catch (error) {
        firstError ??= error
        // What HTTPS said is the news, unless plain HTTP got further.
        if (codeOf(error) === 'ECONNREFUSED' && index > 0) throw firstError
        if (index === baseUrls.length - 1 || !speaksNoTls(error)) throw error
      }
    }
    throw firstError as Error
  }

  async #send(wanted: RegistryRequest, start: URL): Promise<HttpAnswer> {
    const { endpoint, transport } = this.#options
    let url = start
    for (let redirects = 0; ; redirects += 1) {
      // What is meant for the registry is not shown to whom it redirects.
      const authorization = url.origin === this.#homeOf(start) ? this.#session.authorization() : undefined
      const answer = await transport.send(requestTo(url, wanted, authorization, endpoint.insecureTls))
      const location = redirectOf(answer, wanted)
      if (location === undefined) return answer
      answer.discard()
      if (redirects === MOST_REDIRECTS) {
        throw new ProtocolError(`more than ${MOST_REDIRECTS} redirects from ${start.host}`)
      }
      if (url.protocol === 'https:' && location.protocol !== 'https:' && !endpoint.insecureTls) {
        throw new ProtocolError(`${url.host} redirects from https to ${location.protocol}//${location.host}: refused`)
      }
      url = location
    }
  }

  /** The registry itself; before it was ever reached, whoever is asked first. */
  #homeOf(start: URL): string {
    return this.#baseUrl === undefined ? start.origin : new URL(this.#baseUrl).origin
  }
}

function requestTo(
  url: URL,
  wanted: RegistryRequest,
  authorization: string | undefined,
  insecureTls: boolean,
): HttpRequest {
  const { method, signal } = wanted
  return {
    method,
    url,
    headers: {
      'user-agent': USER_AGENT,
      ...wanted.headers,
      ...(authorization === undefined ? {} : { authorization }),
    },
    ...(wanted.body === undefined ? {} : { body: wanted.body() }),
    signal,
    insecureTls,
  }
}

/** Who shows a certificate, even a wrong one, speaks TLS. */
function speaksNoTls(error: unknown): boolean {
  return /^(?:EPROTO|ERR_SSL_.*|ECONNRESET|ECONNREFUSED|EPIPE)$/.test(codeOf(error))
}

function redirectOf(answer: HttpAnswer, wanted: RegistryRequest): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(answer.status)) return undefined
  // A body would have to be sent again, to somebody else: registries do not ask for that.
  if (wanted.method !== 'GET' && wanted.method !== 'HEAD') return undefined
  const { location } = answer.headers
  const url = location === undefined ? null : URL.parse(location, answer.url)
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw new ProtocolError(`${answer.url.host} redirects to ${JSON.stringify(location)}, which is no URL`)
}
