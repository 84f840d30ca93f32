import assert from 'node:assert/strict'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { after, before, describe, it } from 'node:test'
import { unlessThereIs } from '../needs.ts'
import { type ConfigMap, ConfigWriter } from './config-writer.ts'
import { randomNumbers } from './random-numbers.ts'
import { type ServedPeapod, withServer } from './serve-peapod.ts'
import { openStateDirectory } from './state-directory.ts'

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'
const WRITERS = 8
/** So many answered writes in all. */
const WRITES = 10_000
const SHORTEST_LIFE_MS = 300
const LONGEST_LIFE_MS = 2_000

describe(
  'what a server answered is there after kill -9',
  { skip: unlessThereIs('root', 'oci-runtime', 'conmon', 'nft', 'busybox') },
  () => {
    let state: Awaited<ReturnType<typeof openStateDirectory>>
    before(async () => {
      state = await openStateDirectory()
    })
    after(() => state[Symbol.asyncDispose]())

    it(`${WRITES} writes of ${WRITERS} clients, the server killed again and again; a watch goes on where it was`, (test) =>
      withServer({ stateDirectory: state.path, args: ['--listen', '127.0.0.1:0'] }, async (server) => {
        const seed = Number(process.env['PEAPOD_TEST_SEED'] ?? Date.now() % 1_000_000)
        test.diagnostic(`PEAPOD_TEST_SEED=${seed}`)
        const next = randomNumbers(seed)
        const writers = Array.from({ length: WRITERS }, (_, index) => new ConfigWriter(`w${index}`, server.socketPath))
        const follower = new Follower(await list(server))
        const answered = (): number => writers.reduce((sum, writer) => sum + writer.answered, 0)
        let kills = 0
        while (answered() < WRITES) {
          const following = follower.follow(server.socketPath)
          const writing = writers.map((writer) => writer.run())
          await delay(SHORTEST_LIFE_MS + next() * (LONGEST_LIFE_MS - SHORTEST_LIFE_MS))
          await server.end('SIGKILL')
          kills++
          await Promise.all([...writing, following])
          server.start()
          await server.ready()
          const { items } = await list(server)
          for (const writer of writers) writer.check(items)
        }
        test.diagnostic(`${answered()} answered writes, ${kills} kills`)
        const last = await send<ConfigMap>(server, 'POST', { metadata: { name: 'w-last' } })
        await follower.follow(server.socketPath, Number(last.metadata.resourceVersion))
        const names = (await list(server)).items.map(({ metadata }) => metadata.name)
        assert.deepEqual([...follower.names].sort(), names.sort())
        for (const writer of writers) writer[Symbol.dispose]()
      }))
  },
)

interface ConfigMapList {
  readonly items: readonly ConfigMap[]
  readonly metadata: { readonly resourceVersion: string }
}

function list(server: ServedPeapod): Promise<ConfigMapList> {
  return send(server, 'GET')
}

function send<T>({ socketPath }: ServedPeapod, method: string, body?: object): Promise<T> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' }
    request({ socketPath, method, path: CONFIG_MAPS, headers, agent: false }, (response) => {
      text(response).then((answer) => resolve(JSON.parse(answer) as T), reject)
    })
      .on('error', reject)
      .end(body === undefined ? undefined : JSON.stringify(body))
  })
}

interface Line {
  readonly type: string
  readonly object: ConfigMap
}

/** Watches from the last version it saw, whichever server answers, and keeps the names of what there is. */
class Follower {
  readonly names: Set<string>
  #version: number

  constructor({ items, metadata }: ConfigMapList) {
    this.names = new Set(items.map(({ metadata: { name } }) => name))
    this.#version = Number(metadata.resourceVersion)
  }

  /** Until the server is gone, or the watch has come to a version. */
  follow(socketPath: string, end = Infinity): Promise<void> {
    const path = `${CONFIG_MAPS}?watch=true&allowWatchBookmarks=true&resourceVersion=${this.#version}`
    return new Promise((resolve, reject) => {
      const watch = request({ socketPath, path, agent: false }, (response) => {
        response.on('error', () => undefined)
        response.once('close', resolve)
        let held = ''
        response.setEncoding('utf8').on('data', (chunk: string) => {
          // What a kill cut short is told again.
          const lines = (held + chunk).split('\n')
          held = lines.pop() ?? ''
          try {
            for (const line of lines) this.#take(JSON.parse(line) as Line)
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)))
          }
          if (this.#version >= end) watch.destroy()
        })
      })
      watch.on('error', () => resolve())
      watch.end()
    })
  }

  #take({ type, object }: Line): void {
    const { name, resourceVersion } = object.metadata
    assert.ok(Number(resourceVersion) > this.#version, `${type} ${name} ${resourceVersion} after ${this.#version}`)
    this.#version = Number(resourceVersion)
    if (type === 'BOOKMARK') return
    assert.equal(this.names.has(name), type !== 'ADDED', `${type} ${name}, and what was known before`)
    if (type === 'DELETED') this.names.delete(name)
    else this.names.add(name)
  }
}
