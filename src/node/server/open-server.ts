import type { Server } from 'node:http'
import type { Store } from '../store/store.ts'
import { handleRequest } from './handle-request.ts'
import { listenOnSocket } from './listen-on-socket.ts'
import { makeStandingNamespaces } from './make-standing-namespaces.ts'
import type { PodStreams } from './pod-streams.ts'
import { type Ids, randomIds, type ServerParts } from './server-parts.ts'

// Imported as a module node:http evaluates all of its exports, the whole of fetch and WebSocket among them: 30 ms.
const { createServer } = process.getBuiltinModule('node:http')

/** How long a client may take for the head of a request, and for all of it. */
const HEAD_LIMIT_MS = 10_000
const REQUEST_LIMIT_MS = 60_000
/** How long a connection may be idle between requests. */
const KEEP_ALIVE_MS = 120_000
/** How long a client may read nothing of an answer that is ready for it. */
const STALLED_CLIENT_MS = 30_000
/** How long answers under way may take once the server closes. */
const CLOSE_LIMIT_MS = 2_000

export interface ServerOptions {
  readonly store: Store
  readonly streams: PodStreams
  readonly socketPath: string
  readonly clock: { nowMs(): number }
  /** The machine that pods run on: what the server writes into `spec.nodeName`. */
  readonly nodeName: string
  readonly version: string
  readonly log: (line: string) => void
  readonly ids?: Ids
  /** For tests with clients that know no Unix sockets: also listen on 127.0.0.1, at this port, 0 for any. */
  readonly loopbackPort?: number
  readonly stalledClientMs?: number
}

export interface OpenServer {
  /** Where it listens on 127.0.0.1, if it was asked to. */
  readonly loopbackPort: number | undefined
  /** Takes no more requests, ends watches and logs, lets other answers finish. The store stays open. */
  close(): Promise<void>
}

/**
 * Serves the Kubernetes API of a store.
 *
 * @returns once it answers.
 * @throws Failure StateLocked, SetupFailed
 */
export async function openServer(options: ServerOptions): Promise<OpenServer> {
  const { store, streams, clock, nodeName, version, log, ids = randomIds } = options
  const parts: ServerParts = { store, streams, clock, nodeName, version, log, ids }
  const closing = new AbortController()
  const handling = { parts, closing: closing.signal, stalledClientMs: options.stalledClientMs ?? STALLED_CLIENT_MS }
  const open = (): Server =>
    createServer(
      { headersTimeout: HEAD_LIMIT_MS, requestTimeout: REQUEST_LIMIT_MS, keepAliveTimeout: KEEP_ALIVE_MS },
      (incoming, response) => void handleRequest(incoming, response, handling),
    )
  await makeStandingNamespaces(parts)
  const server = open()
  await listenOnSocket(server, options.socketPath)
  const loopback = options.loopbackPort === undefined ? undefined : await listenOnLoopback(open(), options.loopbackPort)
  const servers = loopback === undefined ? [server] : [server, loopback.server]
  return {
    loopbackPort: loopback?.port,
    async close() {
      closing.abort()
      await Promise.all(servers.map(closeServer))
    },
  }
}

function listenOnLoopback(server: Server, wantedPort: number): Promise<{ server: Server; port: number }> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(wantedPort, '127.0.0.1', () => {
      const address = server.address()
      resolve({ server, port: typeof address === 'object' && address !== null ? address.port : wantedPort })
    })
  })
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), CLOSE_LIMIT_MS)
    server.close(() => {
      clearTimeout(force)
      resolve()
    })
    server.closeIdleConnections()
  })
}
