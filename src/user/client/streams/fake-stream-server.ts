import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Endpoint } from '../endpoint.ts'

/** A server on a Unix socket whose streams do what a test says. */
export class FakeStreamServer implements AsyncDisposable {
  /** Paths with their queries, as they came. */
  readonly requests: string[] = []
  /** Subprotocols that it knows. */
  protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io']
  onWebSocket: (socket: WebSocket) => void = () => undefined
  onSpdy: (socket: Duplex) => void = () => undefined
  /** Answers instead of going on with another protocol. */
  refusal: { readonly code: number; readonly body: string } | undefined
  readonly #server: Server
  readonly #folder: string
  readonly #sockets = new Set<Duplex>()

  private constructor(folder: string) {
    this.#folder = folder
    this.#server = createServer()
    const webSockets = new WebSocketServer({
      noServer: true,
      handleProtocols: (offered) => [...offered].find((name) => this.protocols.includes(name)) ?? false,
    })
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.requests.push(request.url ?? '')
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      if (this.refusal !== undefined) {
        const { code, body } = this.refusal
        socket.end(
          `HTTP/1.1 ${code} No\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
        )
      } else if (request.headers.upgrade === 'websocket') {
        webSockets.handleUpgrade(request, socket, head, (accepted) => this.onWebSocket(accepted))
      } else {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n')
        this.onSpdy(socket)
      }
    })
  }

  static async open(): Promise<FakeStreamServer> {
    const server = new FakeStreamServer(await mkdtemp(join(tmpdir(), 'peapod-fake-streams-')))
    await once(server.#server.listen(server.endpoint.socketPath), 'listening')
    return server
  }

  get endpoint(): Endpoint {
    return { socketPath: join(this.#folder, 'api.sock') }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await rm(this.#folder, { recursive: true, force: true })
  }
}
