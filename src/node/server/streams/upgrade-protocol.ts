import type { IncomingMessage } from 'node:http'
import { Failure } from '../../../failure.ts'

export type UpgradeProtocol = 'websocket' | 'spdy'

/** What a request wants to go on with, of what this server can; undefined: nothing of that. */
export function upgradeProtocol({ headers }: IncomingMessage): UpgradeProtocol | undefined {
  const upgrade = (headers.upgrade ?? '').toLowerCase()
  if (upgrade === 'websocket') return 'websocket'
  return upgrade === 'spdy/3.1' ? 'spdy' : undefined
}

/** Only these may be asked for by an upgrade; whatever else a client would like to upgrade is a request as any other. */
const STREAM_PATH =
  /^\/api\/v1\/namespaces\/[^/]+\/pods\/[^/]+\/(?:(?:exec|attach|portforward|log)(?:\?|$)|proxy(?:\/|\?|$))/

export function isStreamUpgrade(incoming: IncomingMessage): boolean {
  return upgradeProtocol(incoming) !== undefined && STREAM_PATH.test(incoming.url ?? '')
}

/**
 * The first one of the client's protocols that the server knows.
 *
 * @param header such as `Sec-WebSocket-Protocol`; names are separated by commas.
 * @param known '' is a client that offers none.
 * @throws Failure BadRequest
 */
export function negotiate(header: string | string[] | undefined, known: readonly string[]): string {
  const offered = [header ?? []]
    .flat()
    .join(',')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const chosen = offered.length === 0 ? known.find((name) => name === '') : offered.find((name) => known.includes(name))
  if (chosen !== undefined) return chosen
  throw new Failure(
    'BadRequest',
    `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${known.filter((name) => name !== '').join(' ')}]`,
  )
}
