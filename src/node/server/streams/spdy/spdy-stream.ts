import { Duplex } from 'node:stream'
import type { SpdyHeaders } from './header-block.ts'

/** What a stream needs of its connection. */
export interface StreamOwner {
  /** Calls back when the connection took it. */
  sendData(stream: SpdyStream, data: Uint8Array, callback: (error?: Error | null) => void): void
  sendEnd(stream: SpdyStream, callback: (error?: Error | null) => void): void
  /** The reader wants more. */
  readOn(): void
  /** Nothing more is sent or received on it. */
  closed(stream: SpdyStream, wasCut: boolean): void
}

/** So much may wait for the reader of one stream before its connection is not read any further. */
const HELD_BYTES = 1_048_576

/**
 * One stream of a SPDY connection. Ending it is half-closing it: the other side may still send. Destroying it before both
 * sides have ended resets it.
 */
export class SpdyStream extends Duplex {
  readonly streamId: number
  readonly headers: SpdyHeaders
  readonly #owner: StreamOwner
  #received = false
  #sent = false

  constructor(owner: StreamOwner, streamId: number, headers: SpdyHeaders) {
    super({ allowHalfOpen: true })
    this.#owner = owner
    this.streamId = streamId
    this.headers = headers
    // Whoever uses the stream learns of its end from what they do with it; nobody may be looking at this very moment.
    this.on('error', () => undefined)
  }

  /** Takes what was received. */
  receive(data: Uint8Array, fin: boolean): void {
    // After the other side has ended its half, or this one has given it up, there is nobody to give it to.
    if (this.#received || this.destroyed) return
    if (data.length > 0) this.push(data)
    if (!fin) return
    this.#received = true
    this.push(null)
  }

  /** The other side has given it up, or is gone. */
  reset(): void {
    this.#received = true
    this.#sent = true
    this.destroy()
  }

  /** Whether its reader has to catch up before more is received. */
  get isFull(): boolean {
    return !this.destroyed && this.readableLength > HELD_BYTES
  }

  override _read(): void {
    this.#owner.readOn()
  }

  override _write(data: Buffer, _encoding: string, callback: (error?: Error | null) => void): void {
    this.#owner.sendData(this, data, callback)
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#sent = true
    this.#owner.sendEnd(this, callback)
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#owner.closed(this, !(this.#received && this.#sent))
    callback(error)
  }
}
