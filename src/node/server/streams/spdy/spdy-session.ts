import type { Duplex } from 'node:stream'
import { Failure } from '../../../../failure.ts'
import {
  encodeData,
  encodeGoaway,
  encodePing,
  encodeRstStream,
  encodeSynReply,
  GOAWAY_STATUS,
  LONGEST_FRAME_BYTES,
  RST_STATUS,
  type SpdyFrame,
} from './frame.ts'
import { FrameParser } from './frame-parser.ts'
import { emptyHeaderBlocks, HeaderUnpacker } from './header-block.ts'
import { SpdyStream, type StreamOwner } from './spdy-stream.ts'

/** At once, on one connection. A forwarded connection takes two. */
const MOST_STREAMS = 2_000
/** So much may wait for a client that reads nothing before nothing more of it is read either. */
const UNSENT_LIMIT_BYTES = 4 * 1_048_576
/** How long a client may take to close the connection that the server has closed. */
const LINGER_MS = 5_000
const NO_BYTES = Buffer.alloc(0)

/**
 * The server's side of a SPDY/3.1 connection as Kubernetes' clients speak it: the client opens the streams, the server
 * accepts them.
 *
 * Kubernetes' clients know nothing of SPDY's windows: they send no WINDOW_UPDATE and wait for none. So what bounds the
 * bytes under way is the connection itself, and a stream whose reader stalls holds up the others of the same connection,
 * as it does on a Kubernetes node.
 */
export class SpdySession {
  /** Resolves when the connection is closed, however that came. */
  readonly closed: Promise<void>
  readonly #socket: Duplex
  readonly #onStream: (stream: SpdyStream) => void
  readonly #parser = new FrameParser()
  readonly #unpacker = new HeaderUnpacker()
  readonly #nextReplyBlock = emptyHeaderBlocks()
  readonly #streams = new Map<number, SpdyStream>()
  #lastStreamId = 0
  #closing = false
  #limit: NodeJS.Timeout | undefined
  readonly #whenClosed: Promise<void>
  #wake: (() => void) | undefined

  constructor(socket: Duplex, onStream: (stream: SpdyStream) => void) {
    this.#socket = socket
    this.#onStream = onStream
    // What breaks the connection ends its streams: they are told below.
    socket.on('error', () => undefined)
    this.#whenClosed = new Promise((resolve) => {
      socket.once('close', () => {
        clearTimeout(this.#limit)
        this.#wake?.()
        resolve()
      })
    })
    this.closed = this.#run()
  }

  /** Lets what was sent arrive, then closes the connection. Streams that have not ended are cut. */
  close(): void {
    if (this.#closing) return
    this.#closing = true
    this.#wake?.()
    this.#write(encodeGoaway(this.#lastStreamId, GOAWAY_STATUS.ok))
    this.#socket.end()
    this.#linger()
  }

  async #run(): Promise<void> {
    try {
      const chunks = this.#socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>
      for await (const chunk of chunks) await this.#receive(chunk)
    } catch (thrown) {
      // The client speaks something else, or its connection broke: there is nobody to tell more than this.
      if (thrown instanceof Failure) this.#write(encodeGoaway(this.#lastStreamId, GOAWAY_STATUS.protocolError))
    } finally {
      this.#unpacker.close()
      for (const stream of this.#streams.values()) stream.reset()
      this.#shut()
    }
    await this.#whenClosed
  }

  /** A connection that is dropped with bytes unread may take along what was sent on it: the rest is read, and let go. */
  #shut(): void {
    const socket = this.#socket
    if (socket.destroyed) return
    socket.end()
    socket.resume()
    this.#linger()
  }

  #linger(): void {
    this.#limit ??= setTimeout(() => this.#socket.destroy(), LINGER_MS).unref()
  }

  async #receive(chunk: Buffer): Promise<void> {
    for (const frame of this.#parser.parse(chunk)) {
      if (this.#isOver()) return
      const full = await this.#take(frame)
      while (full?.isFull === true && !this.#isOver()) await this.#awake()
      while (this.#socket.writableLength > UNSENT_LIMIT_BYTES && !this.#isOver()) await this.#awake()
    }
  }

  #isOver(): boolean {
    return this.#closing || this.#socket.destroyed
  }

  #awake(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#wake = undefined
        this.#socket.off('drain', wake)
        resolve()
      }
      this.#wake = wake
      this.#socket.once('drain', wake)
    })
  }

  /** @returns the stream that got data. */
  async #take(frame: SpdyFrame): Promise<SpdyStream | undefined> {
    switch (frame.is) {
      case 'syn-stream':
        await this.#open(frame)
        return undefined
      case 'headers':
        await this.#unpacker.unpack(frame.headerBlock)
        this.#streams.get(frame.streamId)?.receive(NO_BYTES, frame.fin)
        return undefined
      case 'data': {
        const stream = this.#streams.get(frame.streamId)
        stream?.receive(frame.data, frame.fin)
        return stream
      }
      case 'rst-stream':
        this.#streams.get(frame.streamId)?.reset()
        return undefined
      case 'ping':
        // An even number would be the echo of a ping of ours.
        if (frame.id % 2 === 1) this.#write(encodePing(frame.id))
        return undefined
      case 'goaway':
      case 'ignored':
        return undefined
    }
  }

  async #open(frame: SpdyFrame & { readonly is: 'syn-stream' }): Promise<void> {
    const { streamId, fin } = frame
    const headers = await this.#unpacker.unpack(frame.headerBlock)
    if (streamId % 2 === 0 || streamId <= this.#lastStreamId) {
      throw new Failure('BadRequest', `open stream ${streamId}: the last one was ${this.#lastStreamId}`)
    }
    this.#lastStreamId = streamId
    if (this.#streams.size >= MOST_STREAMS) {
      this.#write(encodeRstStream(streamId, RST_STATUS.refusedStream))
      return
    }
    const stream = new SpdyStream(this.#owner, streamId, headers)
    this.#streams.set(streamId, stream)
    this.#write(encodeSynReply(streamId, this.#nextReplyBlock()))
    if (fin) stream.receive(NO_BYTES, true)
    this.#onStream(stream)
  }

  readonly #owner: StreamOwner = {
    sendData: (stream, data, callback) => {
      let rest = data
      for (; rest.length > LONGEST_FRAME_BYTES; rest = rest.subarray(LONGEST_FRAME_BYTES)) {
        this.#write(encodeData(stream.streamId, rest.subarray(0, LONGEST_FRAME_BYTES), false))
      }
      this.#write(encodeData(stream.streamId, rest, false), callback)
    },
    sendEnd: (stream, callback) => this.#write(encodeData(stream.streamId, NO_BYTES, true), callback),
    readOn: () => this.#wake?.(),
    closed: (stream, wasCut) => {
      this.#streams.delete(stream.streamId)
      if (wasCut) this.#write(encodeRstStream(stream.streamId, RST_STATUS.cancel))
      this.#wake?.()
    },
  }

  #write(frame: Uint8Array, callback?: (error?: Error | null) => void): void {
    if (this.#socket.writable) this.#socket.write(frame, callback)
    else callback?.(new Error('the connection is closed'))
  }
}
