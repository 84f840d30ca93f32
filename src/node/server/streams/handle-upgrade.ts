import { STATUS_CODES, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { Failure, messageOf } from '../../../failure.ts'
import { type AdmittedRequest, admitRequest } from '../admit-request.ts'
import type { Handling } from '../handle-request.ts'
import type { ServerParts } from '../server-parts.ts'
import { failureStatus } from '../status.ts'
import { parseStreamRequest, type StreamRequest } from './stream-request.ts'
import { upgradeProtocol } from './upgrade-protocol.ts'

/** A connection whose client asked to go on with something else than HTTP. */
export interface Upgrade {
  readonly incoming: IncomingMessage
  readonly socket: Duplex
  /** What the client sent after its request. */
  readonly head: Buffer
}

/** How long a client may be silent, and sent nothing, as on a Kubernetes node. */
const IDLE_LIMIT_MS = 4 * 60 * 60 * 1000
const SWITCHING_PROTOCOLS = 101
/** After so long without a word the kernel asks whether the client is still there. */
const KEEP_ALIVE_MS = 30_000

/** Serves one upgrade to its end, whatever happens; never throws. */
export async function handleUpgrade(upgrade: Upgrade, { parts, access, closing }: Handling): Promise<void> {
  const { incoming, socket } = upgrade
  const cut = (): void => void socket.destroy()
  // A connection that breaks is the client's matter.
  socket.on('error', () => undefined)
  closing.addEventListener('abort', cut)
  socket.once('close', () => closing.removeEventListener('abort', cut))
  if (closing.aborted) cut()
  setLimits(incoming)
  const meter = parts.metrics?.arrived()
  let code = SWITCHING_PROTOCOLS
  socket.once('close', () => meter?.ended(code))
  try {
    const admitted = await admitRequest(parts.store, { access, meter }, incoming)
    if (admitted.target.is === 'object' && admitted.target.subresource === 'proxy') {
      const { relayUpgrade } = await import('../proxy/relay-upgrade.ts')
      await relayUpgrade(parts, upgrade, admitted)
      return
    }
    await serve(parts, { upgrade, admitted, request: parseStreamRequest(parts, admitted) })
  } catch (thrown) {
    if (!(thrown instanceof Failure)) {
      parts.log(`upgrade ${incoming.method ?? ''} ${incoming.url ?? ''}: ${messageOf(thrown)}`)
    }
    const status = failureStatus(thrown)
    code = status.code
    refuseUpgrade(socket, { code: status.code, contentType: 'application/json', body: `${JSON.stringify(status)}\n` })
  }
}

/** One that was asked for and let in. */
export interface StreamToServe<T extends StreamRequest = StreamRequest> {
  readonly upgrade: Upgrade
  readonly admitted: AdmittedRequest
  readonly request: T
}

async function serve(parts: ServerParts, stream: StreamToServe): Promise<void> {
  const { incoming } = stream.upgrade
  switch (upgradeProtocol(incoming)) {
    case 'websocket': {
      const { serveOverWebSocket } = await import('./serve-over-websocket.ts')
      return serveOverWebSocket(parts, stream)
    }
    case 'spdy': {
      const { serveOverSpdy } = await import('./serve-over-spdy.ts')
      return serveOverSpdy(parts, stream)
    }
    case undefined:
      throw new Failure('BadRequest', 'Upgrade request required')
  }
}

function setLimits({ socket }: IncomingMessage): void {
  socket.setTimeout(IDLE_LIMIT_MS, () => socket.destroy())
  socket.setKeepAlive(true, KEEP_ALIVE_MS)
  socket.setNoDelay(true)
}

export interface Refusal {
  readonly code: number
  readonly contentType: string
  readonly body: string
  readonly headers?: readonly string[]
}

/** Answers over HTTP instead, and ends the connection. Does nothing once it was upgraded. */
export function refuseUpgrade(socket: Duplex, { code, contentType, body, headers = [] }: Refusal): void {
  const head = [
    `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? ''}`,
    `Content-Type: ${contentType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-cache, private',
    ...headers,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
