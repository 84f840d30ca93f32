import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { AdmittedRequest } from '../admit-request.ts'
import type { ServerParts } from '../server-parts.ts'
import type { Upgrade } from '../streams/handle-upgrade.ts'
import { forwardedHeaders } from './proxy-headers.ts'
import { dialPod, parseProxyTarget } from './proxy-target.ts'

/**
 * Asks a pod to go on with another protocol than HTTP, and from there on passes on what either side says: its answer
 * first, whatever that is.
 *
 * @throws Failure before anything was passed on
 */
export async function relayUpgrade(
  parts: ServerParts,
  { incoming, socket, head }: Upgrade,
  { query, target }: AdmittedRequest,
): Promise<void> {
  if (target.is !== 'object') return
  const connection = await dialPod(parts, parseProxyTarget(parts, target))
  // Before the next turn: a connection that breaks is heard of.
  const both = Promise.all([pipeline(connection, socket), pipeline(socket, connection)])
  const { rest = '' } = target
  const path = `${rest === '' ? '/' : rest}${query.size === 0 ? '' : `?${queryOf(incoming)}`}`
  connection.write(requestHead(incoming, path, forwardedHeaders(incoming, rest)))
  if (head.length > 0) connection.write(head)
  // Which side went first is their matter; the other one goes along.
  await both.catch(() => undefined)
}

function queryOf({ url = '' }: IncomingMessage): string {
  return url.slice(url.indexOf('?') + 1)
}

function requestHead(
  { method, headers: { upgrade } }: IncomingMessage,
  path: string,
  kept: OutgoingHttpHeaders,
): string {
  const lines = Object.entries({ ...kept, connection: 'Upgrade', upgrade }).flatMap(([name, value]) =>
    [value ?? []].flat().map((each) => `${name}: ${each}`),
  )
  return [`${method ?? 'GET'} ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n')
}
