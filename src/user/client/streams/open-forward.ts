import { Duplex, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { messageOf } from '../../../failure.ts'
import type { OpenEndpoint } from '../endpoint.ts'
import { PODS, resourcePath } from '../resource-type.ts'
import { openUpgrade } from './open-upgrade.ts'
import { encodeData, encodeEnd, encodePing, FrameReader, streamOpener, type SpdyFrame } from './spdy-frames.ts'

/** Clients open streams with odd numbers. */
const STREAM = { error: 1, data: 3 } as const

export interface PortWanted {
  readonly pod: { readonly namespace: string; readonly name: string }
  readonly signal: AbortSignal
}

/** A way into a pod that has no port yet. */
export interface OpenForward {
  /** Once only. */
  connect(port: number): RemotePort
  close(): void
}

/** A connection to a port of a pod. */
interface RemotePort {
  /** Each half ends for itself. */
  readonly data: Duplex
  /** What went wrong, in the server's words; '' when nothing did. It comes with the end. */
  readonly problem: Promise<string>
}

/**
 * Opens a way to one port of a pod, by SPDY as every Kubernetes server knows it. One connection for each: a reader that
 * stalls holds up nobody else, and each half of a connection can end, which the WebSocket protocol has no word for.
 *
 * @throws Failure with the server's reason when it refuses.
 */
export async function openForward(to: OpenEndpoint, { pod, signal }: PortWanted): Promise<OpenForward> {
  const socket = await openUpgrade(to, {
    path: resourcePath(PODS, { ...pod, subresource: 'portforward' }),
    upgrade: 'SPDY/3.1',
    headers: { 'x-stream-protocol-version': 'portforward.k8s.io' },
    what: `forward a port of pod ${JSON.stringify(pod.name)}`,
    signal,
  })
  const cut = (): void => void socket.destroy()
  signal.addEventListener('abort', cut)
  socket.once('close', () => signal.removeEventListener('abort', cut))
  // What breaks the connection is told by its close.
  socket.on('error', () => undefined)
  return {
    connect: (port) => connectOver(socket, port),
    close: cut,
  }
}

function connectOver(socket: Duplex, port: number): RemotePort {
  const open = streamOpener()
  const error = new Readable({ read: () => undefined })
  const data = new Duplex({
    allowHalfOpen: true,
    read: () => void socket.resume(),
    write: (chunk: Buffer, _encoding, callback) => void socket.write(encodeData(STREAM.data, chunk), callback),
    final: (callback) => void socket.write(encodeEnd(STREAM.data), callback),
    destroy: (failure, callback) => {
      socket.destroy()
      callback(failure)
    },
  })
  // Whoever joins it with a connection hears of it there.
  data.on('error', () => undefined)
  const told = { error: false, data: false }
  const end = (stream: 'error' | 'data'): void => {
    if (told[stream]) return
    told[stream] = true
    ;(stream === 'error' ? error : data).push(null)
  }
  const take = (frame: SpdyFrame): void => {
    if (frame.is === 'ping') {
      // An odd number would be the echo of a ping of ours.
      if (frame.id % 2 === 0) socket.write(encodePing(frame.id))
      return
    }
    const stream = frame.streamId === STREAM.error ? 'error' : 'data'
    if (frame.is === 'data' && frame.data.length > 0 && !told[stream]) {
      if (stream === 'error') error.push(frame.data)
      else if (!data.push(frame.data)) socket.pause()
    }
    if (frame.is === 'reset' || frame.fin) end(stream)
  }
  const frames = new FrameReader()
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const frame of frames.read(chunk)) take(frame)
    } catch (thrown) {
      error.push(messageOf(thrown))
      socket.destroy()
    }
  })
  socket.once('end', () => void socket.end())
  socket.once('close', () => {
    end('error')
    if (!told.data) data.destroy()
  })
  const headers = { port: String(port), requestid: '0' }
  socket.write(open({ streamId: STREAM.error, headers: { streamtype: 'error', ...headers }, fin: true }))
  socket.write(open({ streamId: STREAM.data, headers: { streamtype: 'data', ...headers }, fin: false }))
  return { data, problem: text(error) }
}
