import assert from 'node:assert/strict'
import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'

/** What is known of a ConfigMap: `value` and `version` as the server answered; undefined: it is not there. */
type Known = { readonly value: number; readonly version: string } | undefined

export interface ConfigMap {
  readonly metadata: { readonly name: string; readonly resourceVersion: string }
  readonly data: { readonly value: string }
}

/**
 * Creates, updates and deletes ConfigMaps of its own, one write after the other, and keeps what was answered. A write
 * that got no answer because the server was killed may have happened or not: whoever looks later finds one of the two.
 */
export class ConfigWriter implements Disposable {
  /** By name: what the last answer made of it. */
  readonly known = new Map<string, Known>()
  answered = 0
  readonly #prefix: string
  readonly #socketPath: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  /** The write that got no answer. */
  #open: { readonly name: string; readonly value: number | undefined } | undefined
  #value = 0

  constructor(prefix: string, socketPath: string) {
    this.#prefix = prefix
    this.#socketPath = socketPath
  }

  /** Writes until the server is gone. */
  async run(): Promise<void> {
    for (;;) {
      const name = `${this.#prefix}-${this.#value % 50}`
      const known = this.known.get(name)
      const value = known !== undefined && this.#value % 7 === 0 ? undefined : this.#value
      this.#value++
      const answer = await this.#write(name, known, value)
      if (answer === undefined) {
        this.#open = { name, value }
        return
      }
      const { code, body } = answer
      assert.ok(code < 300, `${name}: the server answered ${code} ${body}`)
      const version = value === undefined ? undefined : (JSON.parse(body) as ConfigMap).metadata.resourceVersion
      this.known.set(name, value === undefined || version === undefined ? undefined : { value, version })
      this.answered++
    }
  }

  /** Shows that a list of all ConfigMaps has everything that was answered, at its version, and nothing else. */
  check(all: readonly ConfigMap[]): void {
    const open = this.#open
    const there = new Map(
      all
        .filter(({ metadata }) => metadata.name.startsWith(`${this.#prefix}-`))
        .map(({ metadata, data }) => [metadata.name, { value: Number(data.value), version: metadata.resourceVersion }]),
    )
    if (open !== undefined && there.get(open.name)?.value === open.value) {
      // It did happen.
      this.known.set(open.name, there.get(open.name))
    }
    this.#open = undefined
    const expected = [...this.known].filter(([, known]) => known !== undefined)
    assert.deepEqual(there, new Map(expected))
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }

  #write(name: string, known: Known, value: number | undefined): Promise<Answer | undefined> {
    const path = `${CONFIG_MAPS}/${name}`
    if (value === undefined) return this.#send('DELETE', path)
    const data = { value: String(value) }
    if (known === undefined) return this.#send('POST', CONFIG_MAPS, { metadata: { name }, data })
    return this.#send('PUT', path, { metadata: { name, resourceVersion: known.version }, data })
  }

  /** @returns undefined when the server is gone. */
  #send(method: string, path: string, body?: object): Promise<Answer | undefined> {
    const sent = body === undefined ? '' : JSON.stringify(body)
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(sent) }
    return new Promise((resolve) => {
      const gone = (): void => resolve(undefined)
      const options = { socketPath: this.#socketPath, agent: this.#agent, method, path, headers }
      request(options, (response) => {
        text(response).then((answer) => resolve({ code: response.statusCode ?? 0, body: answer }), gone)
      })
        .on('error', gone)
        .end(sent)
    })
  }
}

interface Answer {
  readonly code: number
  readonly body: string
}
