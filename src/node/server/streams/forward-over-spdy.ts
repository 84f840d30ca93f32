import type { Duplex } from 'node:stream'
import type { Pod } from '../../../kube/api/pod.ts'
import type { PodDialer } from '../pod-streams.ts'
import { forwardPort, parsePort } from './forward-port.ts'
import { SpdySession } from './spdy/spdy-session.ts'
import type { SpdyStream } from './spdy/spdy-stream.ts'

/** How long the second stream of a pair may stay away, as on a Kubernetes node. */
const PAIR_LIMIT_MS = 30_000

/** The first stream of a pair. */
interface Waiting {
  readonly type: 'data' | 'error'
  readonly stream: SpdyStream
  readonly limit: NodeJS.Timeout
}

/**
 * Forwards connections over SPDY until the client is gone. Each one is a pair of streams with the same request ID: one for
 * its bytes, one for what goes wrong with it.
 */
export async function forwardOverSpdy(socket: Duplex, pod: Pod, dial: PodDialer): Promise<void> {
  const waiting = new Map<string, Waiting>()
  const session = new SpdySession(socket, (stream) => {
    const { headers, streamId } = stream
    const type = headers.get('streamtype')
    if (type !== 'data' && type !== 'error') {
      stream.destroy()
      return
    }
    // Old clients name none: their data stream comes right after their error stream.
    const id = headers.get('requestid') ?? String(type === 'error' ? streamId : streamId - 2)
    const other = waiting.get(id)
    if (other === undefined) {
      const giveUp = (): void => {
        waiting.delete(id)
        stream.destroy()
      }
      waiting.set(id, { type, stream, limit: setTimeout(giveUp, PAIR_LIMIT_MS) })
    } else if (other.type === type) stream.destroy()
    else {
      clearTimeout(other.limit)
      waiting.delete(id)
      const pair = type === 'data' ? { data: stream, error: other.stream } : { data: other.stream, error: stream }
      void forwardPair(pod, dial, pair)
    }
  })
  await session.closed
  for (const { limit } of waiting.values()) clearTimeout(limit)
}

async function forwardPair(
  pod: Pod,
  dial: PodDialer,
  { data, error }: { readonly data: SpdyStream; readonly error: SpdyStream },
): Promise<void> {
  error.resume()
  const asked = data.headers.get('port') ?? ''
  const port = parsePort(asked)
  const problem =
    port === undefined
      ? `unable to parse ${JSON.stringify(asked)} as a port: it must be from 1 to 65535`
      : await forwardPort(pod, dial, { port, from: data, to: data })
  error.end(problem)
  // There is no connection that could take the rest of what the client sends.
  if (problem !== undefined) data.end().resume()
}
