import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { createWebSocketStream, type WebSocket, WebSocketServer } from 'ws'
import { Failure, messageOf } from '../../../failure.ts'
import type { PodDialer } from '../pod-streams.ts'
import type { ServerParts } from '../server-parts.ts'
import { methodNotAllowed } from '../status.ts'
import { readPodLog } from '../verbs/read-log.ts'
import type { AcceptedSocket } from './channel-socket.ts'
import { COMMAND_SUBPROTOCOLS, commandOverWebSocket } from './command-over-websocket.ts'
import { forwardOverSpdy } from './forward-over-spdy.ts'
import { FORWARD_SUBPROTOCOLS, forwardOverWebSocket } from './forward-over-websocket.ts'
import type { StreamToServe, Upgrade } from './handle-upgrade.ts'
import { LOG_SUBPROTOCOLS, logOverWebSocket } from './log-over-websocket.ts'
import type { StreamRequest } from './stream-request.ts'
import { negotiate } from './upgrade-protocol.ts'

/** The frames of SPDY inside of messages, cut anywhere: one connection for all ports, as with SPDY itself. */
const TUNNEL = 'SPDY/3.1+portforward.k8s.io'
/** Clients send what they read at once, which is some KiB; a message is held until it is whole. */
const LONGEST_MESSAGE_BYTES = 16 * 1_048_576

/** @throws Failure before the connection is upgraded */
export async function serveOverWebSocket(parts: ServerParts, stream: StreamToServe): Promise<void> {
  const { upgrade, request } = stream
  switch (request.is) {
    case 'exec':
    case 'attach': {
      const accepted = await accept(upgrade, Object.keys(COMMAND_SUBPROTOCOLS))
      const begin = async () => {
        const { pod } = request
        const ready =
          request.is === 'exec' ? parts.streams.exec(pod, request.options) : parts.streams.attach(pod, request.options)
        return (await ready.catch(rethrowAsNode))()
      }
      const command = request.is === 'exec' ? request.options.command : []
      await commandOverWebSocket(accepted, { begin, command, options: request.options })
      return
    }
    case 'portforward':
      await servePortForward(parts, upgrade, request)
      return
    case 'log':
      await serveLog(parts, stream)
      return
  }
}

async function servePortForward(
  parts: ServerParts,
  upgrade: Upgrade,
  { pod, ports }: StreamRequest & { readonly is: 'portforward' },
): Promise<void> {
  const known = [TUNNEL, ...Object.keys(FORWARD_SUBPROTOCOLS)]
  const isTunnel = negotiate(upgrade.incoming.headers['sec-websocket-protocol'], known) === TUNNEL
  const wanted = isTunnel ? [] : ports()
  const dial: PodDialer = await parts.streams.portForward(pod).catch(rethrowAsNode)
  const accepted = await accept(upgrade, known)
  if (isTunnel) await forwardOverSpdy(tunnelIn(accepted.socket), pod, dial)
  else await forwardOverWebSocket(accepted, pod, { dial, ports: wanted })
}

/** The bytes of all messages as one stream. */
function tunnelIn(socket: WebSocket): Duplex {
  const tunnel = createWebSocketStream(socket)
  // Left to itself it waits for the end of what nobody can send any more.
  socket.once('close', () => tunnel.destroy())
  return tunnel
}

async function serveLog(parts: ServerParts, { upgrade, admitted }: StreamToServe): Promise<void> {
  const { target, query, user } = admitted
  if (target.is !== 'object') throw methodNotAllowed()
  const over = new AbortController()
  upgrade.socket.once('close', () => over.abort())
  const { kind, namespace, name } = target
  const { incoming } = upgrade
  const answer = await readPodLog(parts, { kind, namespace, name, query, user, incoming, signal: over.signal })
  if (answer.is !== 'stream') throw new Error('a log was answered with a whole document')
  await logOverWebSocket(await accept(upgrade, LOG_SUBPROTOCOLS), answer.parts)
}

const agreed = new WeakMap<IncomingMessage, string>()
const server = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: LONGEST_MESSAGE_BYTES,
})
server.on('headers', (headers, incoming) => {
  const protocol = agreed.get(incoming) ?? ''
  if (protocol !== '') headers.push(`Sec-WebSocket-Protocol: ${protocol}`)
})

/** @throws Failure BadRequest when they have no protocol in common */
function accept({ incoming, socket, head }: Upgrade, known: readonly string[]): Promise<AcceptedSocket> {
  const protocol = negotiate(incoming.headers['sec-websocket-protocol'], known)
  // ws takes no name with a slash in it, as the tunnel's is: it is not asked.
  delete incoming.headers['sec-websocket-protocol']
  agreed.set(incoming, protocol)
  return new Promise((resolve, reject) => {
    // What is no WebSocket handshake, ws answers itself, and closes the connection.
    socket.once('close', () => reject(new Failure('BadRequest', 'upgrade to a WebSocket: the handshake failed')))
    server.handleUpgrade(incoming, socket, head, (accepted) => resolve({ socket: accepted, protocol }))
  })
}

/** What the node refuses, the API server tells as a failure of its own connection to the node. */
function rethrowAsNode(thrown: unknown): never {
  if (!(thrown instanceof Failure)) throw thrown
  throw new Failure('InternalError', `unable to upgrade connection: ${messageOf(thrown)}`, { cause: thrown })
}
