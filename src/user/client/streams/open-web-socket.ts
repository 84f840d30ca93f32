import type { IncomingMessage } from 'node:http'
import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { WebSocket } from 'ws'
import type { OpenEndpoint, Way } from '../endpoint.ts'
import { readText, unreachable } from '../send-request.ts'
import { statusFailure } from '../status-failure.ts'

export interface WantedWebSocket {
  /** With the query. */
  readonly path: string
  /** Subprotocols, the best one first. */
  readonly protocols: readonly string[]
  /** For error messages: `run a command in pod "web"`. */
  readonly what: string
  /** Cuts the connection, open or not. */
  readonly signal: AbortSignal
}

const HANDSHAKE_LIMIT_MS = 30_000
/** What stands between may drop a connection that is silent: some do after a minute. */
const PING_EVERY_MS = 20_000

/**
 * Opens a WebSocket to the server. It is paused: whoever reads it resumes it.
 *
 * @throws Failure with the reason of the server's Status; ServiceUnavailable when the server cannot be reached; the signal's reason.
 */
export async function openWebSocket(to: OpenEndpoint, wanted: WantedWebSocket): Promise<WebSocket> {
  const { signal, what } = wanted
  signal.throwIfAborted()
  const socket = dial(await to.way(), wanted)
  const cut = (): void => socket.terminate()
  signal.addEventListener('abort', cut)
  try {
    const refused = await opening(socket)
    if (refused === undefined) {
      keepAlive(socket)
      socket.once('close', () => signal.removeEventListener('abort', cut))
      return socket
    }
    signal.removeEventListener('abort', cut)
    const body = await readText(refused, what)
    socket.terminate()
    const statusCode = refused.statusCode ?? 0
    if (statusCode !== 401 || !to.renew()) throw statusFailure({ what, statusCode, body })
  } catch (error) {
    signal.removeEventListener('abort', cut)
    signal.throwIfAborted()
    if (error instanceof HandshakeError) throw unreachable(to, wanted, error.cause)
    throw error
  }
  return openWebSocket(to, wanted)
}

class HandshakeError extends Error {}

function dial({ scheme, options, headers, basePath }: Way, { path, protocols }: WantedWebSocket): WebSocket {
  const isTls = scheme === 'https'
  const host = options.host ?? 'localhost'
  // The name that the server has to show: given by the kubeconfig, or the one by which it is reached.
  const name = isIP(host) === 0 ? { servername: host } : {}
  const port = Number(options.port)
  const connect = (): Socket => {
    if (isTls) return connectTls({ ...name, ...(options as ConnectionOptions), host, port })
    return options.socketPath ? connectPlain({ path: options.socketPath }) : connectPlain({ host, port })
  }
  // The host in it is for the connection's maker, which has its own; that of the request is among the headers.
  return new WebSocket(`${isTls ? 'wss' : 'ws'}://localhost${basePath}${path}`, [...protocols], {
    headers: { 'user-agent': 'peapod', ...(headers as Record<string, string>) },
    createConnection: connect as never,
    handshakeTimeout: HANDSHAKE_LIMIT_MS,
    perMessageDeflate: false,
  })
}

/** @returns the answer of a server that does not open one. */
function opening(socket: WebSocket): Promise<IncomingMessage | undefined> {
  return new Promise((resolve, reject) => {
    socket.once('open', () => {
      socket.pause()
      resolve(undefined)
    })
    socket.once('unexpected-response', (_request, answer) => resolve(answer))
    // Stays: what breaks an open connection is told by its close.
    socket.on('error', (cause) => reject(new HandshakeError('open a WebSocket', { cause })))
  })
}

function keepAlive(socket: WebSocket): void {
  const pinging = setInterval(() => {
    if (socket.readyState === WebSocket.OPEN) socket.ping()
  }, PING_EVERY_MS).unref()
  socket.once('close', () => clearInterval(pinging))
}
