import { connect, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'

export type HttpAddress = { readonly socketPath: string } | ConnectionOptions

export interface HttpReply {
  readonly code: number
  /** The answer as it came, in bytes. */
  readonly bytes: Buffer
}

const END_OF_HEAD = Buffer.from('\r\n\r\n')

/**
 * A kept-alive HTTP/1.1 connection that does as little as it can: what is measured is the server. It takes answers that
 * tell their length, and hands on what comes of others.
 */
export class HttpConnection implements Disposable {
  readonly #socket: Socket
  #held: Buffer[] = []
  #size = 0
  /** Of the answer that is coming; undefined until its head is there. */
  #wanted: number | undefined
  #settle: { resolve: (reply: HttpReply) => void; reject: (reason: unknown) => void } | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('error', (error) => this.#settle?.reject(error))
    socket.on('close', () => this.#settle?.reject(new Error('the server closed the connection')))
  }

  static open(address: HttpAddress): Promise<HttpConnection> {
    return new Promise((resolve, reject) => {
      const opened = (): void => resolve(new HttpConnection(socket))
      const socket = 'socketPath' in address ? connect(address.socketPath, opened) : connectTls(address, opened)
      socket.setNoDelay()
      socket.once('error', reject)
    })
  }

  send(request: string): Promise<HttpReply> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
      this.#socket.write(request)
    })
  }

  /** Sends a request whose answer does not end, and hands on what comes of it. */
  follow(request: string, onData: (chunk: Buffer) => void): void {
    this.#socket.removeAllListeners('data').on('data', onData)
    this.#socket.write(request)
  }

  [Symbol.dispose](): void {
    this.#settle = undefined
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    this.#held.push(chunk)
    this.#size += chunk.length
    if (this.#wanted === undefined) {
      const head = this.#held.length === 1 ? chunk : Buffer.concat(this.#held)
      const end = head.indexOf(END_OF_HEAD)
      if (end === -1) return
      const length = /content-length: (\d+)/i.exec(head.toString('latin1', 0, end))?.[1]
      if (length === undefined) throw new Error(`an answer without a length: ${head.toString('latin1', 0, end)}`)
      this.#wanted = end + END_OF_HEAD.length + Number(length)
    }
    if (this.#size < this.#wanted) return
    const bytes = this.#held.length === 1 ? chunk : Buffer.concat(this.#held)
    this.#held = []
    this.#size = 0
    this.#wanted = undefined
    this.#settle?.resolve({ code: Number(bytes.toString('latin1', 9, 12)), bytes })
  }
}

/** A request as text; a body is sent as JSON. */
export function httpRequest(method: string, path: string, body?: object, headers = ''): string {
  const sent = body === undefined ? '' : JSON.stringify(body)
  const about =
    body === undefined ? '' : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(sent)}\r\n`
  return `${method} ${path} HTTP/1.1\r\nhost: bench\r\n${headers}${about}\r\n${sent}`
}
