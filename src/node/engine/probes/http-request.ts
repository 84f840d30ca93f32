import { hostAndPort } from './dial-message.ts'
import { NODE_VERSION } from './probe-finding.ts'

export interface HttpTarget {
  readonly scheme: 'http' | 'https'
  readonly host: string
  readonly port: number
  /** Path and query, as the manifest has them. */
  readonly path: string
  readonly headers: readonly { readonly name: string; readonly value: string }[]
}

/** One GET request, ready to be sent. */
export interface HttpRequest {
  readonly scheme: 'http' | 'https'
  readonly host: string
  readonly port: number
  /** What stands in the request line. */
  readonly path: string
  /** Names and values, in turns. */
  readonly headers: readonly string[]
}

/**
 * The request of a probe or a hook (P9). Headers that the kubelet adds by itself are left out when the manifest gives them
 * an empty value.
 *
 * @param purpose what User-Agent begins with: `kube-probe`, `kube-lifecycle`.
 */
export function buildHttpRequest(target: HttpTarget, purpose: 'kube-probe' | 'kube-lifecycle'): HttpRequest {
  const { scheme, host, port } = target
  const given = new Map<string, string[]>()
  for (const { name, value } of target.headers) {
    const key = canonicalName(name)
    given.set(key, [...(given.get(key) ?? []), value])
  }
  const [ownHost] = given.get('Host') ?? []
  given.delete('Host')
  const all = new Map<string, readonly string[]>([
    ['Host', [ownHost === undefined || ownHost === '' ? hostAndPort(host, port) : ownHost]],
    ['User-Agent', [`${purpose}/${NODE_VERSION}`]],
    ['Accept', ['*/*']],
    ...given,
    ['Connection', ['close']],
  ])
  for (const name of ['User-Agent', 'Accept']) if (all.get(name)?.[0] === '') all.delete(name)
  const headers = [...all].flatMap(([name, values]) => values.flatMap((value) => [name, value]))
  return { scheme, host, port, path: requestPath(target.path), headers }
}

/** As the kubelet's messages quote it. */
export function urlText(request: HttpRequest): string {
  return `${request.scheme}://${hostAndPort(request.host, request.port)}${request.path}`
}

/** The same request for where a redirect points; undefined when that is another host, or no address at all. */
export function redirected(request: HttpRequest, location: string): HttpRequest | undefined {
  if (!URL.canParse(location, urlText(request))) return undefined
  const url = new URL(location, urlText(request))
  const scheme = url.protocol.slice(0, -1)
  if ((scheme !== 'http' && scheme !== 'https') || url.hostname !== new URL(urlText(request)).hostname) return undefined
  const port = url.port === '' ? (scheme === 'https' ? 443 : 80) : Number(url.port)
  const sameServer = scheme === request.scheme && port === request.port
  const [, , ...rest] = request.headers
  const headers = sameServer ? request.headers : ['Host', hostAndPort(request.host, port), ...rest]
  return { ...request, scheme, port, path: url.pathname + url.search, headers }
}

/** A fragment is not sent; what no request line may hold is escaped. */
function requestPath(path: string): string {
  const [sent = ''] = path.split('#', 1)
  const rooted = sent.startsWith('/') ? sent : `/${sent}`
  return rooted.replaceAll(/[^!-~]/gu, (character) => encodeURIComponent(character))
}

/** `x-my-header` → `X-My-Header` */
function canonicalName(name: string): string {
  return name.toLowerCase().replaceAll(/(?<=^|-)[a-z]/g, (letter) => letter.toUpperCase())
}
