import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Failure, messageOf } from '../../../failure.ts'
import type { Answer } from '../answer.ts'
import type { ObjectRequest } from '../api-request.ts'
import { forwardedHeaders, returnedHeaders } from '../proxy/proxy-headers.ts'
import { dialPod, parseProxyTarget } from '../proxy/proxy-target.ts'
import type { ServerParts } from '../server-parts.ts'

// Imported as a module node:http evaluates all of its exports.
const { request: sendRequest } = process.getBuiltinModule('node:http')

/** `…/proxy` and what stands behind it. */
export interface ProxyRequest extends ObjectRequest {
  /** As the client wrote it, with its slash; '' when there is nothing. */
  readonly rest: string
}

/**
 * Passes a request of any method on to a port of the pod, at its own address, and its answer back: both bodies as they
 * come. Redirects are not followed.
 */
export async function proxyPod(parts: ServerParts, request: ProxyRequest): Promise<Answer> {
  const { incoming, signal } = request
  const [path = '', search] = (incoming.url ?? '').split(/\?(.*)/s)
  const query = search === undefined ? '' : `?${search}`
  // Relative links of what is at the root would lead elsewhere.
  if (request.rest === '') return emptyAnswer(301, { location: `${path}/${query}` })
  const target = parseProxyTarget(parts, request)
  const connection = await dialPod(parts, target)
  const outgoing = sendRequest({
    createConnection: () => connection,
    method: incoming.method ?? 'GET',
    path: `${request.rest}${query}`,
    headers: forwardedHeaders(incoming, request.rest),
    setHost: false,
    signal,
  })
  const answer = await exchange(outgoing, incoming, connection)
  const base = path.slice(0, path.length - request.rest.length)
  return {
    is: 'relay',
    code: answer.statusCode ?? 502,
    headers: returnedHeaders(answer, { base, target }),
    parts: bodyOf(answer, signal),
  }
}

/** Sends the body while the answer may be on its way already: who answers early need not read all of it. */
async function exchange(
  outgoing: ClientRequest,
  incoming: IncomingMessage,
  connection: Duplex,
): Promise<IncomingMessage> {
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve)
    outgoing.once('error', reject)
  })
  // A body that breaks off ends the request, which says so.
  pipeline(incoming, outgoing).catch(() => undefined)
  try {
    const answer = await answered
    answer.once('close', () => connection.destroy())
    return answer
  } catch (error) {
    throw unreachable(messageOf(error), error)
  }
}

async function* bodyOf(answer: IncomingMessage, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    for await (const part of answer as AsyncIterable<Uint8Array>) yield part
  } catch (error) {
    // Nobody reads it any more.
    if (!signal.aborted) throw unreachable(messageOf(error), error)
  }
}

function unreachable(why: string, cause: unknown): Failure {
  return new Failure('ServiceUnavailable', `error trying to reach service: ${why}`, { cause })
}

function emptyAnswer(code: number, headers: Readonly<Record<string, string>>): Answer {
  return { is: 'whole', code, contentType: 'text/plain; charset=utf-8', body: '', headers }
}
