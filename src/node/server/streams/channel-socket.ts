import { Readable, Writable } from 'node:stream'
import type { WebSocket } from 'ws'

/** The channel of the fifth version whose messages close another one. */
const CLOSE_CHANNEL = 255
const ZERO = 0x30

export interface ChannelFormat {
  /** base64: each message is text, its channel a digit. */
  readonly encoding: 'binary' | 'base64'
  /** The client can close a single channel: since the fifth version. */
  readonly closes: boolean
}

/** A WebSocket with the subprotocol that was agreed on; '' for none. */
export interface AcceptedSocket {
  readonly socket: WebSocket
  readonly protocol: string
}

/** Several streams in one WebSocket: the first byte of each message is the number of its channel. */
export class ChannelSocket {
  /** Aborts when the connection is closed, or the client has begun to close it. */
  readonly gone: AbortSignal
  readonly #socket: WebSocket
  readonly #format: ChannelFormat
  readonly #readers = new Map<number, Readable>()

  constructor(socket: WebSocket, format: ChannelFormat) {
    this.#socket = socket
    this.#format = format
    const gone = new AbortController()
    this.gone = gone.signal
    // A message that is too long, or no WebSocket at all: the connection closes, which is told below.
    socket.on('error', () => undefined)
    socket.on('message', (message) => this.#receive(message as Buffer))
    socket.once('close', () => {
      gone.abort()
      // Not at its end: what a reader has is not all that there was.
      for (const reader of this.#readers.values()) reader.destroy()
    })
  }

  /** What the client sends on a channel. While it is not read, nothing is read from this client. */
  reader(channel: number): Readable {
    const reader = new Readable({ read: () => this.#readOn() })
    reader.on('error', () => undefined)
    reader.once('close', () => this.#readOn())
    this.#readers.set(channel, reader)
    return reader
  }

  /** What is sent to the client on a channel. Its end is not told: there is no message for it. */
  writer(channel: number): Writable {
    const writer = new Writable({ write: (chunk: Buffer, _encoding, callback) => this.send(channel, chunk, callback) })
    writer.on('error', () => undefined)
    return writer
  }

  send(channel: number, data: Uint8Array, callback: (error?: Error | null) => void = () => undefined): void {
    if (this.#format.encoding === 'base64') {
      const text = `${channel}${Buffer.from(data.buffer, data.byteOffset, data.length).toString('base64')}`
      this.#socket.send(text, callback)
      return
    }
    const message = Buffer.allocUnsafe(data.length + 1)
    message.writeUInt8(channel, 0)
    message.set(data, 1)
    this.#socket.send(message, callback)
  }

  /** Lets what was sent arrive, then closes the connection. */
  close(): void {
    this.#socket.resume()
    this.#socket.close(1000)
  }

  #receive(message: Buffer): void {
    if (message.length === 0) return
    const [first = 0] = message
    if (this.#format.encoding === 'base64') {
      this.#deliver(first - ZERO, Buffer.from(message.toString('latin1', 1), 'base64'))
    } else if (first === CLOSE_CHANNEL && this.#format.closes) {
      this.#end(message[1] ?? CLOSE_CHANNEL)
    } else this.#deliver(first, message.subarray(1))
  }

  #deliver(channel: number, data: Buffer): void {
    const reader = this.#readers.get(channel)
    if (reader === undefined || reader.destroyed || data.length === 0) return
    if (!reader.push(data)) this.#socket.pause()
  }

  #end(channel: number): void {
    const reader = this.#readers.get(channel)
    // After its end it takes no more, whatever the client says.
    this.#readers.delete(channel)
    reader?.push(null)
  }

  #readOn(): void {
    if (this.#socket.isPaused) this.#socket.resume()
  }
}
