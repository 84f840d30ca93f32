import { Readable, Writable } from 'node:stream'
import type { WebSocket } from 'ws'

/** The channel whose messages close another one: since the fifth version of the protocol. */
const CLOSE_CHANNEL = 255

/** How a connection came to its end. */
export interface ChannelsEnd {
  /** As WebSockets count: 1000 is a good one, 1006 none at all. */
  readonly code: number
  readonly reason: string
}

/** The client's side of several streams in one WebSocket: the first byte of each message is the number of its channel. */
export class Channels {
  /** Everything that came is in the readers then. */
  readonly closed: Promise<ChannelsEnd>
  readonly #socket: WebSocket
  readonly #closes: boolean
  readonly #readers = new Map<number, Readable>()

  /** Declare the readers before anything else is awaited: what comes for other channels is let go. */
  constructor(socket: WebSocket) {
    this.#socket = socket
    this.#closes = socket.protocol.startsWith('v5.')
    socket.on('message', (message) => this.#receive(message as Buffer))
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => {
        for (const reader of this.#readers.values()) reader.push(null)
        resolve({ code, reason: reason.toString('utf8') })
      })
    })
    socket.resume()
  }

  /** What the server sends on a channel. While one is not read, nothing more is read from the server. */
  reader(channel: number): Readable {
    const reader = new Readable({ read: () => this.#readOn() })
    reader.once('close', () => {
      this.#readers.delete(channel)
      this.#readOn()
    })
    this.#readers.set(channel, reader)
    return reader
  }

  /** What is sent to the server on a channel; its end is told if the protocol has a word for it. */
  writer(channel: number): Writable {
    const writer = new Writable({
      write: (chunk: Buffer, _encoding, callback) => this.#send(channel, chunk, callback),
      final: (callback) => {
        if (this.#closes) this.#send(CLOSE_CHANNEL, Buffer.from([channel]), callback)
        else callback()
      },
    })
    // The connection is closed: its end tells why.
    writer.on('error', () => undefined)
    return writer
  }

  /** Tells the server that nothing more is wanted. */
  close(): void {
    this.#socket.resume()
    this.#socket.close(1000)
  }

  #send(channel: number, data: Uint8Array, callback: (error?: Error | null) => void): void {
    const message = Buffer.allocUnsafe(data.length + 1)
    message.writeUInt8(channel, 0)
    message.set(data, 1)
    this.#socket.send(message, callback)
  }

  #receive(message: Buffer): void {
    const [channel, ended] = message
    if (channel === undefined) return
    if (channel === CLOSE_CHANNEL && this.#closes) {
      if (ended !== undefined) this.#end(ended)
      return
    }
    const reader = this.#readers.get(channel)
    if (reader === undefined || message.length === 1) return
    if (!reader.push(message.subarray(1))) this.#socket.pause()
  }

  #end(channel: number): void {
    const reader = this.#readers.get(channel)
    // After its end it takes no more, whatever the server says.
    this.#readers.delete(channel)
    reader?.push(null)
  }

  #readOn(): void {
    if (this.#socket.isPaused) this.#socket.resume()
  }
}
