import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import type { ProxyTarget } from './proxy-target.ts'

/** They are about one connection alone. @see https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1 */
const OF_ONE_CONNECTION = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * What a pod is told of a request: all but what says who asks, which is for this server alone, and what the client's
 * connection needs.
 */
export function forwardedHeaders(incoming: IncomingMessage, path: string): OutgoingHttpHeaders {
  const { headers, socket } = incoming
  const isSecure = 'encrypted' in socket
  const before = headers['x-forwarded-for']
  const from = [...(before === undefined ? [] : [before].flat()), socket.remoteAddress ?? ''].filter(Boolean)
  const kept = Object.entries(passedOn(headers)).filter(
    ([name]) => name !== 'authorization' && !name.startsWith('impersonate-'),
  )
  return {
    ...Object.fromEntries(kept),
    ...(from.length > 0 && { 'x-forwarded-for': from.join(', ') }),
    'x-forwarded-host': headers.host ?? '',
    'x-forwarded-proto': isSecure ? 'https' : 'http',
    'x-forwarded-uri': path,
    // A body of unknown length stays one.
    ...(headers['transfer-encoding'] !== undefined && { 'transfer-encoding': 'chunked' }),
  }
}

/** @param place `base` is the path that leads to the pod's root. */
export function returnedHeaders(
  { headers }: IncomingMessage,
  { base, target }: { readonly base: string; readonly target: ProxyTarget },
): OutgoingHttpHeaders {
  const { location, ...others } = passedOn(headers)
  return { ...others, ...(location !== undefined && { location: throughProxy(location, base, target) }) }
}

function passedOn(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const named = (headers.connection ?? '').toLowerCase().split(/\s*,\s*/)
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !OF_ONE_CONNECTION.has(name) && !named.includes(name)),
  )
}

/** A redirect within the pod's server leads through the proxy again; another one is the client's matter. */
function throughProxy(location: string, base: string, { pod, scheme, port }: ProxyTarget): string {
  const origin = `${scheme}://${pod.status?.podIP ?? ''}`
  for (const prefix of [`${origin}:${port}`, origin]) {
    if (location.startsWith(`${prefix}/`)) return base + location.slice(prefix.length)
  }
  return location.startsWith('/') && !location.startsWith('//') ? base + location : location
}
