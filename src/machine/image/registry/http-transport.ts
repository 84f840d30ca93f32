import { Agent as HttpAgent, type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from 'node:https'
import { pipeline, Readable } from 'node:stream'
import { getCACertificates } from 'node:tls'
import { isLoopback } from './registry-endpoints.ts'

/** Bodies up to here are read to their end when nobody wants them, so that the connection can be used again. */
const WORTH_DRAINING_BYTES = 64 * 1024

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  /** A stream needs its `content-length` among the headers. */
  readonly body?: Uint8Array | Readable
  readonly signal: AbortSignal
  /** Take any certificate. */
  readonly insecureTls: boolean
}

export interface HttpAnswer {
  readonly status: number
  readonly statusText: string
  readonly headers: IncomingHttpHeaders
  /** What answered. */
  readonly url: URL
  /** To be read once; each chunk is the reader's own. Throws SilenceError, and what Node's sockets throw. */
  body(): AsyncGenerator<Uint8Array>
  /** For who does not read the body. */
  discard(): void
}

export interface HttpTransport {
  /** One request, one answer: no redirects, no credentials, no retry. */
  send(request: HttpRequest): Promise<HttpAnswer>
}

export interface HttpTransportOptions {
  /** How long nothing may come before the connection is given up. */
  readonly silenceMs: number
  /** HTTP_PROXY, HTTPS_PROXY and NO_PROXY. */
  readonly proxyEnv: Readonly<Record<string, string | undefined>>
}

/** The other side is connected and says nothing. */
class SilenceError extends Error {
  readonly code = 'ESILENCE'

  constructor(silenceMs: number) {
    super(`nothing came for ${silenceMs / 1000} s`)
  }
}

export function openHttpTransport(options: HttpTransportOptions): HttpTransport {
  const agents = new Map<string, HttpAgent | HttpsAgent>()
  return { send }

  async function send(request: HttpRequest): Promise<HttpAnswer> {
    try {
      return await sendOnce(request, agentFor(request), options.silenceMs)
    } catch (error) {
      // The server may have closed a kept connection while this request was on its way; a new one tells.
      if (!(error instanceof StaleConnection)) throw error
      return sendOnce(request, agentFor(request), options.silenceMs)
    }
  }

  function agentFor({ url, insecureTls }: HttpRequest): HttpAgent | HttpsAgent {
    // A proxy has another loopback.
    const proxyEnv = isLoopback(url.host) ? {} : { ...options.proxyEnv }
    const kind = `${url.protocol} ${insecureTls} ${isLoopback(url.host)}`
    const agent = agents.get(kind) ?? newAgent(url.protocol, insecureTls, proxyEnv)
    agents.set(kind, agent)
    return agent
  }
}

function newAgent(protocol: string, insecureTls: boolean, proxyEnv: NodeJS.ProcessEnv): HttpAgent | HttpsAgent {
  const shared = { keepAlive: true, proxyEnv }
  if (protocol === 'http:') return new HttpAgent(shared)
  return new HttpsAgent(
    insecureTls ? { ...shared, rejectUnauthorized: false } : { ...shared, ca: trustedAuthorities() },
  )
}

/** Node's own authorities and the machine's: where companies put theirs. */
function trustedAuthorities(): string[] {
  return [...new Set([...getCACertificates('default'), ...getCACertificates('system')])]
}

class StaleConnection extends Error {}

function sendOnce(request: HttpRequest, agent: HttpAgent | HttpsAgent, silenceMs: number): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const { url, body } = request
    const options: RequestOptions = { method: request.method, headers: request.headers, agent, signal: request.signal }
    const outgoing = url.protocol === 'http:' ? httpRequest(url, options) : httpsRequest(url, options)
    // Counts while the request is on its way; the body of the answer has a clock of its own.
    outgoing.setTimeout(silenceMs, () => outgoing.destroy(new SilenceError(silenceMs)))
    outgoing.once('error', (error: NodeJS.ErrnoException) => {
      const mayAskAgain = outgoing.reusedSocket && !(body instanceof Readable)
      reject(mayAskAgain && error.code === 'ECONNRESET' ? new StaleConnection() : error)
    })
    outgoing.once('response', (incoming) => {
      outgoing.setTimeout(0)
      // Comes a second time through the body of the answer.
      outgoing.on('error', () => undefined)
      resolve(answerOf(incoming, url, silenceMs))
    })
    if (!(body instanceof Readable)) return void outgoing.end(body)
    // What goes wrong on either side arrives as the error of `outgoing`.
    pipeline(body, outgoing, () => undefined)
  })
}

function answerOf(incoming: IncomingMessage, url: URL, silenceMs: number): HttpAnswer {
  return {
    status: incoming.statusCode ?? 0,
    statusText: incoming.statusMessage ?? '',
    headers: incoming.headers,
    url,
    body: () => readBody(incoming, silenceMs),
    discard: () => {
      incoming.on('error', () => undefined)
      if (Number(incoming.headers['content-length'] ?? Infinity) <= WORTH_DRAINING_BYTES) incoming.resume()
      else incoming.destroy()
    },
  }
}

/** The clock of silence runs only while the reader waits: a slow reader is not the server's fault. */
async function* readBody(incoming: IncomingMessage, silenceMs: number): AsyncGenerator<Uint8Array> {
  let waiting = true
  const clock = setTimeout(() => {
    if (waiting) incoming.destroy(new SilenceError(silenceMs))
    else clock.refresh()
  }, silenceMs)
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      waiting = false
      yield chunk
      waiting = true
      clock.refresh()
    }
  } finally {
    clearTimeout(clock)
  }
}
