import { Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'
import { KubeConfig } from '@kubernetes/client-node'

export interface Answer {
  readonly code: number
  /** The body as JSON; {} of one that is none. */
  readonly json: AnsweredObject
  readonly text: string
}

export interface AnsweredObject {
  readonly kind?: string
  readonly message?: string
  readonly reason?: string
  readonly metadata?: Readonly<Record<string, unknown>> & { readonly resourceVersion?: string; readonly name?: string }
  readonly items?: readonly AnsweredObject[]
  readonly spec?: Readonly<Record<string, unknown>>
  readonly status?: Readonly<Record<string, unknown>>
  readonly [field: string]: unknown
}

export interface WatchedEvent {
  readonly type: string
  readonly object: AnsweredObject
}

/** Sends what it is told over TLS with the certificate of a kubeconfig, and nothing that clients would add. */
export class SuiteClient implements Disposable {
  readonly #agent: Agent
  readonly #server: URL

  constructor(kubeconfig: string) {
    const config = new KubeConfig()
    config.loadFromFile(kubeconfig)
    const [cluster, user] = [config.getCurrentCluster(), config.getCurrentUser()]
    const decoded = (data = ''): Buffer => Buffer.from(data, 'base64')
    this.#server = new URL(cluster?.server ?? '')
    this.#agent = new Agent({
      keepAlive: true,
      ca: decoded(cluster?.caData),
      cert: decoded(user?.certData),
      key: decoded(user?.keyData),
    })
  }

  async send(method: string, path: string, body?: object, type = 'application/json'): Promise<Answer> {
    const sent = body === undefined ? undefined : JSON.stringify(body)
    const head = sent === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(sent) }
    const answer = await new Promise<Answer>((resolve, reject) => {
      request(
        new URL(path, this.#server),
        { agent: this.#agent, method, headers: { accept: 'application/json', ...head } },
        (response) => {
          text(response).then(
            (said) => resolve({ code: response.statusCode ?? 0, text: said, json: parsed(said) }),
            reject,
          )
        },
      )
        .on('error', reject)
        .end(sent)
    })
    return answer
  }

  get(path: string): Promise<Answer> {
    return this.send('GET', path)
  }

  /** A watch to its end, which the server makes when `timeoutSeconds` are over. */
  async watch(path: string): Promise<readonly WatchedEvent[]> {
    const { text: lines } = await this.get(path)
    return lines
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as WatchedEvent)
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }
}

function parsed(said: string): AnsweredObject {
  try {
    return JSON.parse(said) as AnsweredObject
  } catch {
    // A log, or several events.
    return {}
  }
}
