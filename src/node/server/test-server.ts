import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Failure } from '../../failure.ts'
import type { Pod } from '../../kube/api/pod.ts'
import { openMemoryStore } from '../store/memory-store.ts'
import type { Store } from '../store/store.ts'
import { openServer, type OpenServer, type ServerOptions } from './open-server.ts'
import type { PodLogOptions, PodStreams } from './pod-streams.ts'

const NOW_MS = Date.parse('2026-01-02T03:04:05Z')

/** Parts of an object that tests look at. */
interface JsonObject {
  readonly kind?: string
  readonly apiVersion?: string
  readonly message?: string
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly status?: unknown
  readonly items?: readonly { readonly metadata: { readonly name: string } }[]
}

export interface Reply {
  readonly code: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
  /** The text as JSON. */
  readonly json: JsonObject
}

export interface RequestOptions {
  /** An object is sent as JSON; a text and bytes are sent as they are. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** A server on a Unix socket in a directory of its own, with clients for it; gone with the test. */
export class TestServer implements AsyncDisposable {
  readonly store: Store
  readonly socketPath: string
  /** The options of every log request that came as far as the streams. */
  readonly logRequests: PodLogOptions[] = []
  /** What the server said in its own log. */
  readonly complaints: string[] = []
  nowMs = NOW_MS
  readonly #directory = mkdtempSync(join(tmpdir(), 'peapod-server-'))
  readonly #agent = new Agent({ keepAlive: true })
  #server: OpenServer | undefined

  private constructor(store: Store) {
    this.store = store
    this.socketPath = join(this.#directory, 'api.sock')
  }

  static async open(options: Partial<ServerOptions> = {}): Promise<TestServer> {
    const test = new TestServer(options.store ?? openMemoryStore())
    let serial = 0
    test.#server = await openServer({
      store: test.store,
      socketPath: test.socketPath,
      clock: { nowMs: () => test.nowMs },
      nodeName: 'test-node',
      version: '0.0.0',
      log: (line) => test.complaints.push(line),
      ids: { uid: () => `uid-${++serial}`, nameSuffix: () => 'bcdfg' },
      streams: test.#streams(),
      ...options,
    })
    return test
  }

  async send(method: string, path: string, { body, headers = {} }: RequestOptions = {}): Promise<Reply> {
    const text = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
    const type = text === undefined ? {} : { 'content-type': 'application/json' }
    const answer = await this.begin(method, path, { body: text, headers: { ...type, ...headers } })
    answer.setEncoding('utf8')
    let received = ''
    for await (const chunk of answer as AsyncIterable<string>) received += chunk
    const isJson = answer.headers['content-type'] === 'application/json' && received !== ''
    const json = (isJson ? JSON.parse(received) : {}) as JsonObject
    return { code: answer.statusCode ?? 0, headers: answer.headers, text: received, json }
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
    return this.send('GET', path, { headers })
  }

  /** Sends a request and resolves with the head of its answer. */
  begin(method: string, path: string, { body, headers = {} }: RequestOptions = {}): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      // Node frames the body of a DELETE only when it is told to.
      const hasLength = typeof body === 'string' || Buffer.isBuffer(body)
      const length = hasLength ? { 'content-length': Buffer.byteLength(body) } : {}
      const allHeaders = { ...length, ...headers }
      const outgoing = request({ socketPath: this.socketPath, agent: this.#agent, method, path, headers: allHeaders })
      outgoing.once('response', resolve)
      outgoing.once('error', reject)
      outgoing.end(body)
    })
  }

  /** The events of a watch, one by one. */
  async *watch(path: string): AsyncGenerator<WatchLine, void, undefined> {
    const answer = await this.begin('GET', path)
    answer.setEncoding('utf8')
    let held = ''
    for await (const chunk of answer as AsyncIterable<string>) {
      const lines = (held + chunk).split('\n')
      held = lines.pop() ?? ''
      for (const line of lines) yield JSON.parse(line) as WatchLine
    }
  }

  /** Makes a pod through the API. */
  async createPod(name: string, change: { labels?: Record<string, string>; spec?: object } = {}): Promise<Pod> {
    const body = {
      metadata: { name, ...(change.labels === undefined ? {} : { labels: change.labels }) },
      // As if a scheduler had been there.
      spec: { containers: [{ name: 'app', image: 'busybox' }], nodeName: 'test-node', ...change.spec },
    }
    const reply = await this.send('POST', PODS_PATH, { body })
    if (reply.code !== 201) throw new Error(reply.text)
    return reply.json as unknown as Pod
  }

  /** Where it listens on 127.0.0.1, if it was asked to. */
  get loopbackPort(): number | undefined {
    return this.#server?.loopbackPort
  }

  /** Where it listens for TLS, if it was asked to. */
  get remotePort(): number | undefined {
    return this.#server?.remoteAddress?.port
  }

  close(): Promise<void> {
    return this.#server?.close() ?? Promise.resolve()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy()
    await this.close()
    await this.store.close()
    rmSync(this.#directory, { recursive: true, force: true })
  }

  #streams(): PodStreams {
    return {
      ...NOTHING_RUNS,
      log: (_pod, options) => {
        this.logRequests.push(options)
        return Promise.resolve(chunks('one\n', 'two\n', 'three\n'))
      },
    }
  }
}

/** The streams of pods whose containers do not run. */
export const NOTHING_RUNS: Omit<PodStreams, 'log'> = {
  exec: (_pod, { container }) => Promise.reject(notRunning(container)),
  attach: (_pod, { container }) => Promise.reject(notRunning(container)),
  proxy: () => Promise.reject(new Failure('BadRequest', 'address not allowed')),
  portForward: ({ metadata }) => Promise.reject(notRunning(metadata.name)),
}

function notRunning(name: string): Failure {
  return new Failure('NotFound', `container not found (${JSON.stringify(name)})`)
}

export const PODS_PATH = '/api/v1/namespaces/default/pods'

export interface WatchLine {
  readonly type: string
  readonly object: {
    readonly kind: string
    readonly metadata: Pod['metadata']
    readonly status?: unknown
    readonly message?: string
    readonly code?: number
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- a log is read asynchronously; this one is there at once
async function* chunks(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}
