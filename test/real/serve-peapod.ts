import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import type { ContainerStatus, Pod } from '../../src/kube/api/pod.ts'
import { leftoversOf } from './leftovers-of.ts'
import { statusOf } from './read-pod.ts'
import { simulateReboot } from './simulate-reboot.ts'

const LAUNCHER = join(import.meta.dirname, '..', '..', 'peapod')
/** The machine is shared and small: what takes a second when it is idle may take ten. */
const LIMIT_MS = 30_000
const LOOK_EVERY_MS = 20
const PODS = '/api/v1/namespaces/default/pods'

interface ServeOptions {
  readonly stateDirectory: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/**
 * Lets a test use a `peapod serve`, and whoever takes its place after a kill; then deletes its pods, stops it, and shows
 * that nothing is left of them. Of a test that fails, everything is taken away by force.
 */
export async function withServer(options: ServeOptions, use: (server: ServedPeapod) => Promise<void>): Promise<void> {
  const server = new ServedPeapod(options)
  try {
    server.start()
    await server.ready()
    await use(server)
    await server.close()
  } catch (error) {
    await server.abandon()
    throw error
  }
}

/** A `peapod serve` of a test. What it asks while no server answers is asked again by `until`. */
export class ServedPeapod {
  readonly stateDirectory: string
  readonly #args: readonly string[]
  #env: Readonly<Record<string, string>>
  #child: ChildProcess | undefined
  #ended: Promise<unknown> = Promise.resolve()
  #stderr = ''

  constructor({ stateDirectory, args = [], env = {} }: ServeOptions) {
    this.stateDirectory = stateDirectory
    this.#args = args
    this.#env = env
  }

  get socketPath(): string {
    return join(this.#directory, 'api.sock')
  }

  /** Of all servers so far. */
  get stderr(): string {
    return this.#stderr
  }

  get pid(): number {
    return this.#child?.pid ?? -1
  }

  /** Starts a server; `ready` waits until it answers. */
  start(env: Readonly<Record<string, string>> = this.#env): void {
    this.#env = env
    const child = spawn(LAUNCHER, ['serve', '--state-dir', this.stateDirectory, ...this.#args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env },
    })
    child.stderr.setEncoding('utf8').on('data', (said: string) => (this.#stderr += said))
    this.#child = child
    this.#ended = once(child, 'close')
  }

  async ready(): Promise<void> {
    await this.until('the server answers', async () => {
      const exitCode = this.#child?.exitCode ?? null
      assert.equal(exitCode, null, `the server ended and said:\n${this.#stderr}`)
      return (await this.#ask('GET', PODS)).code === 200
    })
  }

  /** @returns the exit code, as a shell counts it not: null after a signal. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    this.#child?.kill(signal)
    return this.ended()
  }

  async ended(): Promise<number | null> {
    const child = this.#child
    await this.until('the server ends', () => Promise.resolve(child?.exitCode !== null || child.signalCode !== null))
    await this.#ended
    return child?.exitCode ?? null
  }

  /** Creates pods; a server that is killed meanwhile may have taken one in or not: asked until it is there. */
  async create(...pods: readonly object[]): Promise<void> {
    for (const pod of pods) {
      await this.until('a pod is created', async () => [201, 409].includes((await this.#ask('POST', PODS, pod)).code))
    }
  }

  /** @returns what the server answers. */
  async tryToCreate(pod: object): Promise<string> {
    return (await this.#ask('POST', PODS, pod)).body
  }

  async delete(name: string, gracePeriodSeconds?: number): Promise<void> {
    await this.until(`pod ${name} is being deleted`, async () => {
      const body =
        gracePeriodSeconds === undefined ? undefined : { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds }
      return [200, 202, 404].includes((await this.#ask('DELETE', `${PODS}/${name}`, body)).code)
    })
  }

  /** undefined while no server answers. */
  async pods(): Promise<readonly Pod[] | undefined> {
    const { code, body } = await this.#ask('GET', PODS)
    return code === 200 ? (JSON.parse(body) as { items: readonly Pod[] }).items : undefined
  }

  async pod(name: string): Promise<Pod | undefined> {
    return (await this.pods())?.find((pod) => pod.metadata.name === name)
  }

  async container(pod: string, container: string): Promise<ContainerStatus | undefined> {
    const found = await this.pod(pod)
    return found === undefined ? undefined : statusOf(found, container)
  }

  async log(pod: string, query: string): Promise<string> {
    return (await this.#ask('GET', `${PODS}/${pod}/log?${query}`)).body
  }

  async until<T>(what: string, find: () => Promise<T | undefined | false>): Promise<T> {
    const endsAtMs = performance.now() + LIMIT_MS
    for (;;) {
      const found = await find()
      if (found !== undefined && found !== false) return found
      if (performance.now() > endsAtMs) {
        const pods = ((await this.pods()) ?? []).map(({ metadata, status }) => [metadata.name, metadata.uid, status])
        const shown = pods.map((pod) => JSON.stringify(pod)).join('\n')
        throw new Error(`waited ${LIMIT_MS} ms for: ${what}; the server said:\n${this.#stderr}\nThe pods:\n${shown}`)
      }
      await delay(LOOK_EVERY_MS)
    }
  }

  async deleteAll(): Promise<void> {
    for (const { metadata } of (await this.pods()) ?? []) await this.delete(metadata.name, 1)
    await this.until('no pod is left', async () => (await this.pods())?.length === 0)
    // One whose object was taken away by force is still being ended.
    await this.until('the folders of pods are gone', () => Promise.resolve(this.#podFolders().length === 0))
  }

  #podFolders(): readonly string[] {
    const folder = join(this.#directory, 'pods')
    return existsSync(folder) ? readdirSync(folder) : []
  }

  /** Ends well, with no pod left and nothing of one. */
  async close(): Promise<void> {
    await this.deleteAll()
    assert.equal(await this.end('SIGTERM'), 0)
    const left = await leftoversOf({ stateDirectory: this.stateDirectory })
    // All but its own folder, which stays for the next server.
    assert.deepEqual(
      left.filter((trace) => trace !== 'directory instances/server'),
      [],
    )
    await rm(this.#directory, { recursive: true })
  }

  /** Takes everything away as a restart of the machine would, and the files. */
  async abandon(): Promise<void> {
    await this.end('SIGKILL')
    await simulateReboot(this.stateDirectory)
    await rm(this.#directory, { recursive: true, force: true })
  }

  get #directory(): string {
    return join(this.stateDirectory, 'instances', 'server')
  }

  #ask(method: string, path: string, body?: object): Promise<{ code: number; body: string }> {
    const sent = body === undefined ? '' : JSON.stringify(body)
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(sent) }
    return new Promise((resolve) => {
      const gone = (): void => resolve({ code: 0, body: '' })
      request({ socketPath: this.socketPath, path, method, headers, agent: false }, (response) => {
        text(response).then((answer) => resolve({ code: response.statusCode ?? 0, body: answer }), gone)
      })
        .on('error', gone)
        .end(sent)
    })
  }
}
