import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { text } from 'node:stream/consumers'
import { digestOf } from '../digest.ts'
import type { TestImage } from './make-image.ts'

/** A little registry that holds one image, under every name, and misbehaves as a test wants. */
export interface TestRegistry extends AsyncDisposable {
  readonly host: string
  /** What was asked, such as `GET /v2/a/blobs/sha256:…`, with the headers. */
  readonly requests: readonly { readonly line: string; readonly headers: IncomingMessage['headers'] }[]
  /** By repository and digest: what was pushed. */
  readonly pushed: ReadonlyMap<string, Buffer>
}

/** Answers in the registry's place, or gives false to leave it to the registry. */
export type Misbehaviour = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>

export interface TestRegistryOptions {
  readonly image?: TestImage
  readonly misbehave?: Misbehaviour
  readonly tls?: { readonly key: string; readonly cert: string }
}

export async function startTestRegistry(options: TestRegistryOptions): Promise<TestRegistry> {
  const requests: { line: string; headers: IncomingMessage['headers'] }[] = []
  const pushed = new Map<string, Buffer>()
  const listener: RequestListener = (request, response) => {
    requests.push({ line: `${request.method ?? ''} ${request.url ?? ''}`, headers: request.headers })
    // A client that leaves in the middle is part of the game.
    request.on('error', () => undefined)
    void answer(request, response).catch((error: unknown) => response.destroy(error as Error))
  }
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (await options.misbehave?.(request, response)) return
    if (request.method === 'GET' || request.method === 'HEAD') serve(request, response, options.image, pushed)
    else await accept(request, response, pushed)
  }
  const server = options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  return {
    host: `127.0.0.1:${port}`,
    requests,
    pushed,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function serve(
  request: IncomingMessage,
  response: ServerResponse,
  image: TestImage | undefined,
  pushed: ReadonlyMap<string, Buffer>,
): void {
  const [, kind, name = ''] = /\/(manifests|blobs|uploads)\/([^/]+)$/.exec(request.url ?? '') ?? []
  if (kind === 'uploads') {
    const received = pushed.get(name)
    if (received === undefined) return void response.writeHead(404).end()
    const range: Record<string, string> = received.length === 0 ? {} : { range: `0-${received.length - 1}` }
    return void response.writeHead(204, { location: request.url ?? '', ...range }).end()
  }
  if (kind === 'manifests' && image !== undefined) {
    return void response.writeHead(200, { 'content-type': image.mediaType }).end(image.manifest)
  }
  const blob = image?.blobs.get(name) ?? pushed.get(name)
  if (kind !== 'blobs' || blob === undefined) {
    return void response.writeHead(404).end('{"errors":[{"code":"BLOB_UNKNOWN","message":"blob unknown"}]}')
  }
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
  const headers = {
    'content-length': blob.length - start,
    'content-range': `bytes ${start}-${blob.length - 1}/${blob.length}`,
  }
  response.writeHead(request.headers.range === undefined ? 200 : 206, headers)
  response.end(request.method === 'HEAD' ? undefined : blob.subarray(start))
}

async function accept(request: IncomingMessage, response: ServerResponse, pushed: Map<string, Buffer>): Promise<void> {
  const url = new URL(request.url ?? '', 'http://registry')
  const id = url.pathname.split('/').at(-1) ?? ''
  const body = Buffer.from(await text(request.setEncoding('latin1')), 'latin1')
  if (request.method === 'POST') {
    const started = `upload-${pushed.size}`
    pushed.set(started, Buffer.alloc(0))
    return void response.writeHead(202, { location: `${url.pathname}${started}` }).end()
  }
  const before = pushed.get(id) ?? Buffer.alloc(0)
  const start = /^(\d+)-/.exec(request.headers['content-range'] ?? '')?.[1]
  if (start !== undefined && Number(start) !== before.length) return void response.writeHead(416).end()
  const whole = Buffer.concat([before, body])
  const digest = url.searchParams.get('digest')
  if (digest === null) {
    pushed.set(id, whole)
    return void response.writeHead(request.method === 'PATCH' ? 202 : 201, { location: url.pathname }).end()
  }
  pushed.delete(id)
  pushed.set(digestOf(whole), whole)
  response.writeHead(digest === digestOf(whole) ? 201 : 400).end()
}
