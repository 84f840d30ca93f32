import type { Duplex } from 'node:stream'
import { createDeflate, constants as zlib } from 'node:zlib'
import { encodeControl, encodeData, FLAG_FIN, FRAME_TYPE, type SpdyFrame } from './frame.ts'
import { FrameParser } from './frame-parser.ts'
import { HEADER_DICTIONARY } from './header-dictionary.ts'

/** What a client saw of one of its streams. */
export interface ClientStream {
  readonly streamId: number
  readonly received: Buffer[]
  ended: boolean
  wasReset: boolean
}

/** The client's side of a SPDY connection, for tests: it compresses its headers as Kubernetes' clients do. */
export class SpdyTestClient {
  readonly streams = new Map<number, ClientStream>()
  /** Every frame that the server sent, but for data. */
  readonly frames: SpdyFrame[] = []
  readonly socket: Duplex
  readonly closed: Promise<void>
  readonly #deflate = createDeflate({ dictionary: HEADER_DICTIONARY })
  readonly #listeners = new Set<() => void>()
  #nextStreamId = 1

  constructor(socket: Duplex) {
    this.socket = socket
    const parser = new FrameParser()
    socket.on('data', (chunk: Buffer) => {
      for (const frame of parser.parse(chunk)) this.#take(frame)
      for (const listener of this.#listeners) listener()
    })
    socket.on('error', () => undefined)
    socket.on('end', () => socket.end())
    socket.resume()
    this.closed = new Promise((resolve) => socket.once('close', resolve))
    void this.closed.then(() => {
      for (const listener of this.#listeners) listener()
    })
  }

  async open(headers: Readonly<Record<string, string>>, fin = false): Promise<ClientStream> {
    const stream = { streamId: this.#nextStreamId, received: [], ended: false, wasReset: false }
    this.#nextStreamId += 2
    this.streams.set(stream.streamId, stream)
    this.socket.write(await this.synStream(stream.streamId, headers, fin))
    return stream
  }

  async synStream(streamId: number, headers: Readonly<Record<string, string>>, fin = false): Promise<Buffer> {
    const rest = Buffer.concat([Buffer.alloc(2), await this.#pack(headers)])
    return encodeControl(FRAME_TYPE.synStream, [streamId, 0], rest, fin ? FLAG_FIN : 0)
  }

  send({ streamId }: ClientStream, data: string | Uint8Array, fin = false): boolean {
    return this.socket.write(encodeData(streamId, Buffer.from(data), fin))
  }

  /** Resolves when the condition holds, which is looked at after everything that is received. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!condition()) return
        this.#listeners.delete(look)
        resolve()
      }
      this.#listeners.add(look)
      look()
    })
  }

  text(stream: ClientStream): string {
    return Buffer.concat(stream.received).toString()
  }

  #take(frame: SpdyFrame): void {
    if (frame.is !== 'data') this.frames.push(frame)
    const stream = 'streamId' in frame ? this.streams.get(frame.streamId) : undefined
    if (stream === undefined) return
    if (frame.is === 'data') stream.received.push(Buffer.from(frame.data))
    if ('fin' in frame && frame.fin) stream.ended = true
    if (frame.is === 'rst-stream') stream.wasReset = true
  }

  #pack(headers: Readonly<Record<string, string>>): Promise<Buffer> {
    const lines = Object.entries(headers)
    const texts = lines.flatMap(([name, value]) => [sized(name), sized(value)])
    const packed: Buffer[] = []
    const take = (bytes: Buffer): void => void packed.push(bytes)
    this.#deflate.on('data', take)
    this.#deflate.write(Buffer.concat([numberBytes(lines.length), ...texts]))
    return new Promise((resolve) => {
      this.#deflate.flush(zlib.Z_SYNC_FLUSH, () => {
        this.#deflate.off('data', take)
        resolve(Buffer.concat(packed))
      })
    })
  }
}

function sized(text: string): Buffer {
  return Buffer.concat([numberBytes(Buffer.byteLength(text)), Buffer.from(text)])
}

function numberBytes(number: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(number)
  return bytes
}
