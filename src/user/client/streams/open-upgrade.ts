import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { http, type OpenEndpoint } from '../endpoint.ts'
import { readText, unreachable } from '../send-request.ts'
import { statusFailure } from '../status-failure.ts'

export interface WantedUpgrade {
  /** With the query. */
  readonly path: string
  /** Such as `SPDY/3.1`. */
  readonly upgrade: string
  readonly headers: Readonly<Record<string, string>>
  /** For error messages. */
  readonly what: string
  readonly signal: AbortSignal
}

/**
 * Asks the server to go on with another protocol than HTTP on the same connection.
 *
 * @returns the connection; what the server sent since is in it.
 * @throws Failure with the reason of the server's Status; ServiceUnavailable when the server cannot be reached; the signal's reason.
 */
export async function openUpgrade(to: OpenEndpoint, wanted: WantedUpgrade): Promise<Duplex> {
  const { what, signal } = wanted
  signal.throwIfAborted()
  const { request, options, basePath, headers } = await to.way()
  const outgoing = request({
    ...options,
    agent: false,
    method: 'POST',
    path: basePath + wanted.path,
    headers: {
      ...headers,
      'user-agent': 'peapod',
      'content-length': 0,
      ...wanted.headers,
      connection: 'Upgrade',
      upgrade: wanted.upgrade,
    },
    signal,
  })
  const answered = new Promise<Duplex | IncomingMessage>((resolve, reject) => {
    outgoing.once('upgrade', (_answer, socket, head) => {
      socket.unshift(head)
      resolve(socket)
    })
    outgoing.once('response', resolve)
    outgoing.on('error', reject)
  })
  outgoing.end()
  let answer: Duplex | IncomingMessage
  try {
    answer = await answered
  } catch (error) {
    signal.throwIfAborted()
    throw unreachable(to, wanted, error)
  }
  if (!(answer instanceof http.IncomingMessage)) return answer
  const body = await readText(answer, what)
  const statusCode = answer.statusCode ?? 0
  if (statusCode === 401 && to.renew()) return openUpgrade(to, wanted)
  throw statusFailure({ what, statusCode, body })
}
