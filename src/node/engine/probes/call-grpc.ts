import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2'
import { hostAndPort } from './dial-message.ts'
import { NODE_VERSION } from './probe-finding.ts'

export type GrpcAnswer =
  /** Status code and message of the call, and the frame that came with code 0. */
  | { readonly is: 'answered'; readonly code: number; readonly message: string; readonly frame: Buffer }
  | { readonly is: 'not connected' }
  | { readonly is: 'timed out'; readonly connected: boolean }
  | { readonly is: 'aborted' }

export interface GrpcCall {
  readonly host: string
  readonly port: number
  /** `/grpc.health.v1.Health/Check` */
  readonly method: string
  readonly frame: Buffer
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

const UNAVAILABLE = 14
const INTERNAL = 13
/** What an HTTP status stands for when there is no gRPC one. @see https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md */
const CODE_OF_HTTP_STATUS: Readonly<Record<number, number>> = {
  400: INTERNAL,
  401: 16,
  403: 7,
  404: 12,
  429: UNAVAILABLE,
  502: UNAVAILABLE,
  503: UNAVAILABLE,
  504: UNAVAILABLE,
}
const UNKNOWN = 2
/** An answer of a health check has some ten bytes. */
const LONGEST_FRAME_BYTES = 64 * 1024

/** One unary call over HTTP/2 without TLS, on a connection of its own. */
export function callGrpc(call: GrpcCall): Promise<GrpcAnswer> {
  const address = hostAndPort(call.host, call.port)
  // Loaded by the first who needs it: it costs some milliseconds.
  const session = process.getBuiltinModule('node:http2').connect(`http://${address}`)
  let connected = false
  return new Promise((resolve) => {
    const finish = (answer: GrpcAnswer) => {
      clearTimeout(limit)
      call.signal.removeEventListener('abort', onAbort)
      session.destroy()
      resolve(answer)
    }
    const onAbort = () => finish({ is: 'aborted' })
    const limit = setTimeout(() => finish({ is: 'timed out', connected }), call.timeoutMs)
    call.signal.addEventListener('abort', onAbort)
    // Its settings tell that it is an HTTP/2 server; before them anything may have accepted the connection.
    session.once('remoteSettings', () => (connected = true))
    // Stays: what a destroyed session has still to say must not end the program.
    session.on('error', (error) => finish(connected ? broken(error) : { is: 'not connected' }))
    session.once('close', () => finish({ is: 'not connected' }))
    const stream = request(session, address, call)
    // Without a connection the session says what is wrong, after it has told the stream that there will be none.
    stream.on('error', (error) => {
      if (connected) finish(broken(error))
    })
    receive(stream, finish)
  })
}

function request(session: ClientHttp2Session, address: string, call: GrpcCall): ClientHttp2Stream {
  const stream = session.request({
    ':method': 'POST',
    ':scheme': 'http',
    ':authority': address,
    ':path': call.method,
    'content-type': 'application/grpc',
    'user-agent': `kube-probe/${NODE_VERSION}`,
    te: 'trailers',
    'grpc-timeout': `${Math.ceil(call.timeoutMs)}m`,
  })
  stream.end(call.frame)
  return stream
}

function receive(stream: ClientHttp2Stream, finish: (answer: GrpcAnswer) => void): void {
  let head: IncomingHttpHeaders = {}
  let trailers: IncomingHttpHeaders = {}
  const chunks: Buffer[] = []
  let bytes = 0
  stream.once('response', (headers) => (head = headers))
  stream.once('trailers', (headers) => (trailers = headers))
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= LONGEST_FRAME_BYTES) chunks.push(chunk)
  })
  stream.once('end', () => finish({ is: 'answered', ...statusOf(head, trailers), frame: Buffer.concat(chunks) }))
}

function broken(error: Error): GrpcAnswer {
  return { is: 'answered', code: UNAVAILABLE, message: error.message, frame: Buffer.alloc(0) }
}

function statusOf(head: IncomingHttpHeaders, trailers: IncomingHttpHeaders): { code: number; message: string } {
  // An answer without a body has its status in the head.
  const source = trailers['grpc-status'] === undefined ? head : trailers
  const code = source['grpc-status']
  if (code !== undefined) return { code: Number(code), message: decode(String(source['grpc-message'] ?? '')) }
  const status = Number(head[':status'] ?? 0)
  if (status === 200) return { code: INTERNAL, message: 'server closed the stream without sending trailers' }
  return {
    code: CODE_OF_HTTP_STATUS[status] ?? UNKNOWN,
    message: `unexpected HTTP status code received from server: ${status}`,
  }
}

/** What is no percent-encoding stays as it is. */
function decode(text: string): string {
  return text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (bytes) =>
    Buffer.from(bytes.replaceAll('%', ''), 'hex').toString('utf8'),
  )
}
