import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import type { ConnectionOptions } from 'node:tls'
import { dialMessage, dialTimeout, hostAndPort } from './dial-message.ts'
import type { HttpRequest } from './http-request.ts'

export interface HttpAnswer {
  readonly statusCode: number
  readonly location: string | undefined
  /** The first 10 KiB. */
  readonly body: string
}

/** What stood in the way of an answer, in the kubelet's words. */
export type HttpProblem =
  | { readonly is: 'no answer'; readonly message: string }
  /** The head of the answer came, all of its body did not. */
  | { readonly is: 'no body'; readonly message: string }

const LONGEST_BODY_BYTES = 10 * 1024
const TIMED_OUT = 'context deadline exceeded'

/** How to send over one of the two schemes. Made on first use: whoever has no such probes pays nothing for them. */
type Send = (options: RequestOptions) => ClientRequest

let http: Send | undefined
let https: Promise<Send> | undefined

/** Sends one request on a connection of its own, and reads the beginning of the answer. */
export async function sendHttpRequest(
  request: HttpRequest,
  limits: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<HttpAnswer | HttpProblem> {
  const { host, port, path, headers } = request
  const send = request.scheme === 'http' ? (http ??= openHttp()) : await (https ??= openHttps())
  const sent = send({ host, port, path, headers })
  const address = hostAndPort(host, port)
  let stage: 'dial' | 'head' | 'body' = 'dial'
  return new Promise((resolve) => {
    const finish = (result: HttpAnswer | HttpProblem) => {
      clearTimeout(limit)
      limits.signal.removeEventListener('abort', onAbort)
      sent.destroy()
      resolve(result)
    }
    const fail = (message: string) => finish({ is: stage === 'body' ? 'no body' : 'no answer', message })
    const onAbort = () => fail('context canceled')
    const onTimeout = () => fail(timeoutMessage(stage, address))
    const limit = limits.timeoutMs === Infinity ? undefined : setTimeout(onTimeout, limits.timeoutMs)
    limits.signal.addEventListener('abort', onAbort)
    sent.once('socket', (socket) => socket.once('connect', () => (stage = 'head')))
    sent.once('response', (answer) => {
      stage = 'body'
      readBody(answer).then(
        (body) => finish({ statusCode: answer.statusCode ?? 0, location: answer.headers.location, body }),
        (error: unknown) => fail(answerMessage(error)),
      )
    })
    // Stays: what a destroyed request has still to say must not end the program.
    sent.on('error', (error) => fail(stage === 'dial' ? dialMessage(address, error) : answerMessage(error)))
    sent.end()
    // An abort that came before is told to no listener.
    if (limits.signal.aborted) onAbort()
  })
}

function openHttp(): Send {
  const { Agent, request } = process.getBuiltinModule('node:http')
  const agent = new Agent({ keepAlive: false })
  return (options) => request({ ...options, agent })
}

async function openHttps(): Promise<Send> {
  const [{ Agent, request }, { createSecureContext }] = await Promise.all([import('node:https'), import('node:tls')])
  const { isIP } = process.getBuiltinModule('node:net')
  // P9: nobody verifies the certificate. One context for all: each one of its own would cost a millisecond.
  const tls: ConnectionOptions = { secureContext: createSecureContext(), rejectUnauthorized: false }
  const agent = new Agent({ keepAlive: false, maxCachedSessions: 0, ...tls })
  return (options) => {
    const host = options.host ?? ''
    // An address is no name to ask for.
    return request({ ...options, ...tls, agent, servername: isIP(host) === 0 ? host : '' })
  }
}

async function readBody(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes >= LONGEST_BODY_BYTES) break
  }
  return Buffer.concat(chunks).subarray(0, LONGEST_BODY_BYTES).toString('utf8')
}

function timeoutMessage(stage: 'dial' | 'head' | 'body', address: string): string {
  if (stage === 'dial') return `${dialTimeout(address)} (Client.Timeout exceeded while awaiting headers)`
  if (stage === 'head') return `${TIMED_OUT} (Client.Timeout exceeded while awaiting headers)`
  return `${TIMED_OUT} (Client.Timeout or context cancellation while reading body)`
}

function answerMessage(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException
  // Node's words for a connection that ends before an answer, reset or not.
  if (message === 'socket hang up' || message === 'aborted') return 'EOF'
  if (code === 'ECONNRESET') return 'read: connection reset by peer'
  if (code.startsWith('HPE_'))
    return `net/http: HTTP/1.x transport connection broken: malformed HTTP response (${message})`
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'EPROTO') {
    return 'http: server gave HTTP response to HTTPS client'
  }
  return message
}
