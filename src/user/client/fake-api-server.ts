import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Endpoint } from './endpoint.ts'
import { FakeLog } from './fake-log.ts'

/** Any object, loosely: tests write what they need. */
export interface FakeObject {
  readonly metadata: Record<string, unknown> & {
    name: string
    namespace?: string
    resourceVersion?: string
    uid?: string
  }
  readonly [field: string]: unknown
}

interface Change {
  readonly plural: string
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly object: FakeObject
  readonly version: number
}

interface Watcher {
  readonly plural: string
  readonly name: string | undefined
  readonly show: (object: FakeObject) => object
  readonly response: ServerResponse
}

/** A little Kubernetes API server on a Unix socket, in memory, whose pods do what a test says. */
export class FakeApiServer implements AsyncDisposable {
  /** `GET /api/v1/…`, as they came. */
  readonly requests: string[] = []
  readonly deletions: { readonly name: string; readonly gracePeriodSeconds: number | undefined }[] = []
  /** What happens after a DELETE was accepted; the object goes at once unless a test says otherwise. */
  onDelete: (name: string, gracePeriodSeconds: number | undefined, plural: string) => void = (name, _grace, plural) =>
    this.remove(plural, name)
  onCreate: (pod: FakeObject) => void = () => undefined
  /** Answers instead of the server, once for each entry. */
  readonly answers: ((request: IncomingMessage, response: ServerResponse) => boolean)[] = []
  /** Answers instead of the server, as often as it returns true. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean = () => false
  /** How objects are shown as rows. */
  table: (items: readonly FakeObject[]) => object = (items) => ({
    columnDefinitions: [{ name: 'Name', priority: 0 }],
    rows: items.map((object) => ({ cells: [object.metadata.name], object })),
  })
  readonly #objects = new Map<string, FakeObject>()
  readonly #logs = new Map<string, FakeLog[]>()
  readonly #watchers = new Set<Watcher>()
  #history: Change[] = []
  #version = 100
  /** A watch from a version before it is answered with 410. */
  #oldestVersion = 0
  readonly #server: Server
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
    this.#server = createServer((request, response) => void this.#answer(request, response))
  }

  static async open(): Promise<FakeApiServer> {
    const server = new FakeApiServer(await mkdtemp(join(tmpdir(), 'peapod-fake-api-')))
    await new Promise<void>((resolve) => server.#server.listen(server.endpoint.socketPath, resolve))
    return server
  }

  get endpoint(): Endpoint {
    return { socketPath: join(this.#folder, 'api.sock') }
  }

  /** Creates or replaces. */
  put(plural: string, object: FakeObject): FakeObject {
    const key = `${plural}/${object.metadata.name}`
    return this.#record(plural, this.#objects.has(key) ? 'MODIFIED' : 'ADDED', object)
  }

  remove(plural: string, name: string): void {
    const object = this.#objects.get(`${plural}/${name}`)
    if (object !== undefined) this.#record(plural, 'DELETED', object)
  }

  object(plural: string, name: string): FakeObject | undefined {
    return this.#objects.get(`${plural}/${name}`)
  }

  /** A new instance of a container begins to write. */
  startLog(container: string): FakeLog {
    const log = new FakeLog()
    this.#logs.set(container, [...(this.#logs.get(container) ?? []), log])
    return log
  }

  closeWatches(): void {
    for (const { response } of this.#watchers) response.end()
  }

  /** Forgets what happened up to now: whoever watches from before gets 410. */
  compact(): void {
    this.#history = []
    this.#oldestVersion = this.#version
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
    await rm(this.#folder, { recursive: true, force: true })
  }

  #record(plural: string, type: Change['type'], given: FakeObject): FakeObject {
    const version = ++this.#version
    const object = { ...given, metadata: { ...given.metadata, resourceVersion: `${version}` } }
    const key = `${plural}/${object.metadata.name}`
    if (type === 'DELETED') this.#objects.delete(key)
    else this.#objects.set(key, object)
    const change = { plural, type, object, version }
    this.#history.push(change)
    for (const watcher of this.#watchers) if (!watcher.response.writableEnded) tell(watcher, change)
    return object
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests.push(`${request.method ?? ''} ${request.url ?? ''}`)
    const body = await readJson(request)
    if (this.answers.at(0)?.(request, response) === true) return void this.answers.shift()
    if (this.intercept(request, response)) return
    const url = new URL(request.url ?? '/', 'http://localhost')
    if (url.pathname === '/api/v1') {
      sendJson(response, 200, RESOURCES)
      return
    }
    const found =
      /^\/api\/v1(?:\/namespaces\/([^/]+))?\/(pods|events|namespaces|configmaps)(?:\/([^/]+))?(?:\/(log))?$/.exec(
        url.pathname,
      )
    const [, namespace, plural = '', name, subresource] = found ?? []
    if (found === null) {
      sendStatus(response, 404, 'NotFound', 'the server could not find the requested resource')
      return
    }
    if (request.method === 'POST') {
      this.#create(response, { plural, object: body as FakeObject, namespace })
      return
    }
    if (name === undefined) {
      this.#listOrWatch(response, plural, url.searchParams)
      return
    }
    if (request.method === 'PATCH') {
      this.#apply(response, { plural, object: body as FakeObject, namespace })
      return
    }
    const object = this.#objects.get(`${plural}/${name}`)
    if (object === undefined) {
      sendStatus(response, 404, 'NotFound', `${plural} "${name}" not found`)
      return
    }
    if (subresource === 'log') {
      this.#log(response, url.searchParams)
      return
    }
    if (request.method === 'DELETE') {
      this.#delete(response, object, { plural, ...(body as { gracePeriodSeconds?: number }) })
      return
    }
    sendJson(response, 200, object)
  }

  #create(
    response: ServerResponse,
    wanted: { plural: string; object: FakeObject; namespace: string | undefined },
  ): void {
    const { plural, object } = wanted
    const { name } = object.metadata
    if (this.#objects.has(`${plural}/${name}`)) {
      sendStatus(response, 409, 'AlreadyExists', `${plural} "${name}" already exists`)
      return
    }
    const metadata = { ...object.metadata, namespace: wanted.namespace ?? 'default', uid: `uid-of-${name}` }
    const created = this.#record(plural, 'ADDED', { ...object, metadata, status: { phase: 'Pending' } })
    sendJson(response, 201, created)
    if (plural === 'pods') this.onCreate(created)
  }

  /** What is not said stays; the same once more changes nothing. */
  #apply(
    response: ServerResponse,
    wanted: { plural: string; object: FakeObject; namespace: string | undefined },
  ): void {
    const { plural, object } = wanted
    const before = this.#objects.get(`${plural}/${object.metadata.name}`)
    if (before === undefined) {
      this.#create(response, wanted)
      return
    }
    const after = { ...before, ...object, metadata: { ...before.metadata, ...object.metadata } }
    const isSame = JSON.stringify(after) === JSON.stringify(before)
    sendJson(response, 200, isSame ? before : this.#record(plural, 'MODIFIED', after))
  }

  #delete(
    response: ServerResponse,
    object: FakeObject,
    options: { plural: string; gracePeriodSeconds?: number },
  ): void {
    const { name } = object.metadata
    this.deletions.push({ name, gracePeriodSeconds: options.gracePeriodSeconds })
    sendJson(response, 200, object)
    this.onDelete(name, options.gracePeriodSeconds, options.plural)
  }

  #listOrWatch(response: ServerResponse, plural: string, query: URLSearchParams): void {
    const name = /^metadata\.name=(.+)$/.exec(query.get('fieldSelector') ?? '')?.[1]
    const matches = (object: FakeObject) => name === undefined || object.metadata.name === name
    const isTable = response.req.headers.accept?.includes('as=Table') === true
    if (query.get('watch') !== 'true') {
      const all = [...this.#objects].filter(([key]) => key.startsWith(`${plural}/`)).map(([, object]) => object)
      const metadata = { resourceVersion: `${this.#version}` }
      const items = all.filter(matches)
      sendJson(response, 200, isTable ? { ...this.table(items), metadata } : { metadata, items })
      return
    }
    const from = Number(query.get('resourceVersion') ?? 0)
    if (from < this.#oldestVersion) {
      sendStatus(response, 410, 'Expired', `too old resource version: ${from}`)
      return
    }
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    const show = (object: FakeObject): object => (isTable ? this.table([object]) : object)
    const watcher = { plural, name, show, response }
    for (const change of this.#history) if (change.version > from) tell(watcher, change)
    this.#watchers.add(watcher)
    response.on('close', () => this.#watchers.delete(watcher))
  }

  #log(response: ServerResponse, query: URLSearchParams): void {
    const container = query.get('container') ?? ''
    const log = this.#logs.get(container)?.at(query.get('previous') === 'true' ? -2 : -1)
    if (log === undefined) {
      sendStatus(response, 400, 'BadRequest', `container "${container}" is waiting to start: ContainerCreating`)
      return
    }
    log.serve(response, query)
  }
}

const RESOURCES = {
  kind: 'APIResourceList',
  groupVersion: 'v1',
  resources: [
    { name: 'pods', singularName: 'pod', namespaced: true, kind: 'Pod', shortNames: ['po'] },
    { name: 'pods/log', singularName: '', namespaced: true, kind: 'Pod' },
    { name: 'events', singularName: 'event', namespaced: true, kind: 'Event', shortNames: ['ev'] },
    { name: 'configmaps', singularName: 'configmap', namespaced: true, kind: 'ConfigMap', shortNames: ['cm'] },
    { name: 'namespaces', singularName: 'namespace', namespaced: false, kind: 'Namespace', shortNames: ['ns'] },
  ],
}

function tell(watcher: Watcher, { plural, type, object }: Change): void {
  if (plural !== watcher.plural) return
  if (watcher.name !== undefined && object.metadata.name !== watcher.name) return
  watcher.response.write(`${JSON.stringify({ type, object: watcher.show(object) })}\n`)
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString('utf8'))
}

function sendJson(response: ServerResponse, code: number, value: unknown): void {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

export function sendStatus(response: ServerResponse, code: number, reason: string, message: string): void {
  sendJson(response, code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason, code })
}
