import { once } from 'node:events'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { Failure, messageOf } from '../../failure.ts'
import type { OpenEndpoint } from './endpoint.ts'
import { statusFailure } from './status-failure.ts'

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With the query. */
  readonly path: string
  /** For error messages: `create pod "web"`. */
  readonly what: string
  readonly body?: unknown
  /** Media type of the body, which is written as JSON; absent: application/json. */
  readonly contentType?: string
  /** Media types of the answer; absent: JSON. */
  readonly accept?: string
  readonly signal?: AbortSignal
}

/** A server that is not there answers nothing, not even no. */
const CONNECT_LIMIT_MS = 30_000

/**
 * Sends one request, once: who calls decides about another try.
 *
 * @returns the answer's head with a status below 300; its body is still to be read.
 * @throws Failure with the reason of the server's Status; ServiceUnavailable when the server cannot be reached; the signal's reason.
 */
export async function sendRequest(to: OpenEndpoint, wanted: ApiRequest): Promise<IncomingMessage> {
  wanted.signal?.throwIfAborted()
  const outgoing = await begin(to, wanted)
  let answer: IncomingMessage
  try {
    ;[answer] = (await once(outgoing, 'response')) as [IncomingMessage]
  } catch (error) {
    wanted.signal?.throwIfAborted()
    // The server closed an idle connection just as it was used again. The next one is new, or idle for less time.
    if (outgoing.reusedSocket && isReset(error) && wanted.method !== 'POST') return sendRequest(to, wanted)
    throw unreachable(to, wanted, error)
  }
  // An 'error' without a listener would end the process: the one who reads the body gets it from the iteration.
  outgoing.on('error', () => undefined)
  const statusCode = answer.statusCode ?? 0
  if (to.onWarning !== undefined) warningsIn(answer).forEach(to.onWarning)
  if (statusCode < 300) return answer
  const body = await readText(answer, wanted.what)
  if (statusCode === 401 && to.renew()) return sendRequest(to, wanted)
  throw statusFailure({ what: wanted.what, statusCode, body })
}

/** `299 - "spec.x is deprecated"`, once or several times. */
function warningsIn({ headers }: IncomingMessage): readonly string[] {
  const sent = headers.warning ?? ''
  return [...sent.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => text.replace(/\\(.)/g, '$1'))
}

async function begin(to: OpenEndpoint, wanted: ApiRequest): Promise<ClientRequest> {
  const { request, options, agent, basePath, headers } = await to.way()
  const body = wanted.body === undefined ? undefined : Buffer.from(JSON.stringify(wanted.body))
  const outgoing = request({
    ...options,
    agent,
    method: wanted.method,
    path: basePath + wanted.path,
    headers: {
      ...headers,
      accept: wanted.accept ?? 'application/json',
      'user-agent': 'peapod',
      ...(body === undefined
        ? {}
        : { 'content-type': wanted.contentType ?? 'application/json', 'content-length': body.length }),
    },
    ...(wanted.signal === undefined ? {} : { signal: wanted.signal }),
  })
  outgoing.once('socket', (socket) => {
    if (!socket.connecting) return
    const late = (): void => void outgoing.destroy(new Error(`no connection after ${CONNECT_LIMIT_MS / 1_000} s`))
    const limit = setTimeout(late, CONNECT_LIMIT_MS).unref()
    for (const end of ['connect', 'close']) socket.once(end, () => clearTimeout(limit))
  })
  outgoing.end(body)
  return outgoing
}

/** Sends one request and reads its whole JSON answer. */
export async function sendForJson(to: OpenEndpoint, wanted: ApiRequest): Promise<unknown> {
  const text = await readText(await sendRequest(to, wanted), wanted.what)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Failure('InternalError', `${wanted.what}: the API server's answer is not JSON: ${messageOf(cause)}`, {
      cause,
    })
  }
}

export async function readText(answer: IncomingMessage, what: string): Promise<string> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of answer) chunks.push(chunk as Buffer)
  } catch (cause) {
    throw new Failure('ServiceUnavailable', `${what}: the connection broke in the answer: ${messageOf(cause)}`, {
      cause,
    })
  }
  return Buffer.concat(chunks).toString('utf8')
}

function isReset(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
}

export function unreachable(to: OpenEndpoint, wanted: Pick<ApiRequest, 'what'>, cause: unknown): Failure {
  const where = JSON.stringify(to.address)
  return new Failure(
    'ServiceUnavailable',
    `${wanted.what}: cannot talk to the API server on ${where}: ${messageOf(cause)}; is it running?`,
    { cause },
  )
}
