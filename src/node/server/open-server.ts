import type { IncomingMessage, RequestListener, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Store } from '../store/store.ts'
import { type Access, rootAccess } from './access/access.ts'
import { type Handling, handleRequest } from './handle-request.ts'
import { listenOnSocket } from './listen-on-socket.ts'
import type { TlsAddress } from './listen-on-tls.ts'
import { makeStandingNamespaces } from './make-standing-namespaces.ts'
import type { OpenRemote, RemoteOptions } from './open-remote.ts'
import type { PodStreams } from './pod-streams.ts'
import type { RequestMetrics } from './request-metrics.ts'
import type { ResourceUsage } from './resource-usage.ts'
import type { RequestLimits } from './requests-under-way.ts'
import { type Ids, randomIds, type ServerParts } from './server-parts.ts'
import { isStreamUpgrade } from './streams/upgrade-protocol.ts'
import { Traffic } from './traffic.ts'

// Imported as a module node:http evaluates all of its exports, the whole of fetch and WebSocket among them: 30 ms.
const { createServer } = process.getBuiltinModule('node:http')

/** What node:http holds each connection to. */
const LIMITS = {
  /** How long a client may take for the head of a request, and for all of it. */
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  /** How often it looks for those that took longer: by itself, only every half minute. */
  connectionsCheckingInterval: 2_000,
  /** How long a connection may be idle between requests. */
  keepAliveTimeout: 120_000,
  /** Everything else is answered as if the client had not asked for an upgrade. */
  shouldUpgradeCallback: isStreamUpgrade,
}
type ConnectionLimits = Omit<typeof LIMITS, 'shouldUpgradeCallback'>

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
  /** Other limits than the usual ones, for tests: they need not wait so long, nor send so much. */
  readonly limits?: Partial<ConnectionLimits> & { readonly requests?: RequestLimits }
  /** How often a watch says how far it has come when it has nothing else to say; a minute when absent. */
  readonly bookmarkEveryMs?: number
  /** Absent: nothing is measured. */
  readonly metrics?: RequestMetrics | undefined
  /** Absent: nobody is told what pods use. */
  readonly usage?: ResourceUsage | undefined
  /** For clients that come over the network; absent: only root on this machine comes in. */
  readonly remote?: RemoteOptions
}

export interface OpenServer {
  /** Where it listens on 127.0.0.1, if it was asked to. */
  readonly loopbackPort: number | undefined
  /** Where it listens for TLS, if it was asked to. */
  readonly remoteAddress: TlsAddress | undefined
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
  const { bookmarkEveryMs, metrics, usage } = options
  const parts: ServerParts = {
    store,
    streams,
    clock,
    nodeName,
    version,
    log,
    ids,
    bookmarkEveryMs,
    metrics,
    usage,
    signing: options.remote?.files.signing,
  }
  const closing = new AbortController()
  const stalledClientMs = options.stalledClientMs ?? STALLED_CLIENT_MS
  const { requests, ...connections } = options.limits ?? {}
  const limits = { ...LIMITS, ...connections }
  const traffic = new Traffic(requests)
  const handlingOf = (access: Access): Handling => ({
    ...{ parts, access, closing: closing.signal, stalledClientMs },
    traffic,
  })
  const root = handlingOf(rootAccess(store))
  await makeStandingNamespaces(parts)
  const server = serverFor(root, limits)
  await listenOnSocket(server, options.socketPath)
  const loopback =
    options.loopbackPort === undefined
      ? undefined
      : await listenOnLoopback(serverFor(root, limits), options.loopbackPort)
  const remote = options.remote === undefined ? undefined : await listenForRemote(options.remote)
  const servers = [server, loopback?.server, ...(remote?.servers ?? [])].filter((each) => each !== undefined)
  return {
    loopbackPort: loopback?.port,
    remoteAddress: remote?.address,
    async close() {
      closing.abort()
      await Promise.all(servers.map(closeServer))
    },
  }

  async function listenForRemote(wanted: RemoteOptions): Promise<OpenRemote> {
    const [{ openRemote }, { makeDefaultPolicy }, { makeStandingPriorityClasses }, { remoteAccess }] =
      await Promise.all([
        import('./open-remote.ts'),
        import('./access/make-default-policy.ts'),
        import('./make-standing-priority-classes.ts'),
        import('./access/remote-access.ts'),
      ])
    await Promise.all([makeDefaultPolicy(parts), makeStandingPriorityClasses(parts)])
    const handling = handlingOf(remoteAccess({ store, signing: wanted.files.signing, nowMs: () => clock.nowMs() }))
    const remote = await openRemote(wanted, { limits, listener: requestsTo(handling), log })
    for (const each of remote.servers) each.on('upgrade', upgradesTo(handling))
    return remote
  }
}

function serverFor(handling: Handling, limits: typeof LIMITS): Server {
  return createServer(limits, requestsTo(handling)).on('upgrade', upgradesTo(handling))
}

function requestsTo(handling: Handling): RequestListener {
  return (incoming, response) => void handleRequest(incoming, response, handling)
}

function upgradesTo(handling: Handling): (incoming: IncomingMessage, socket: Duplex, head: Buffer) => void {
  return (incoming, socket, head) => {
    // What breaks until the streams are loaded is seen by whoever writes then.
    socket.on('error', () => undefined)
    void import('./streams/handle-upgrade.ts').then(({ handleUpgrade }) =>
      handleUpgrade({ incoming, socket, head }, handling),
    )
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
