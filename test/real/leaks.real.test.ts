import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readdirSync, symlinkSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Pod } from '../../src/kube/api/pod.ts'
import { unlessThereIs } from '../needs.ts'
import { type Footprint, footprintOf } from './footprint-of.ts'
import { freeHostPort } from './free-host-port.ts'
import { ASKABLE, heapOf } from './heap-of.ts'
import { leftoversOf } from './leftovers-of.ts'
import { runPeapod } from './run-peapod.ts'
import { pod, shell, UNTIL_STOPPED } from './sample-pods.ts'
import { type ServedPeapod, withServer } from './serve-peapod.ts'
import { openStateDirectory } from './state-directory.ts'
import { untilNothingIn } from './until.ts'

const PODS = Number(process.env['PEAPOD_LEAK_PODS'] ?? 200)
const AT_ONCE = 20
/** Code is compiled, buffers and caches are filled, and the newest changes are in memory: after that nothing may grow. */
const WARM_UP_PODS = 60
const LIMIT_MS = 60_000
const LOOK_EVERY_MS = 100
/** What of the newest changes is in memory differs by so much, however many pods lie between two looks. */
const HEAP_MARGIN_KIB = 8 * 1024
/** The second time it stays. */
const CRASH_ONCE = `[ -e /scratch/crashed ] || { touch /scratch/crashed; exit 1; }; ${UNTIL_STOPPED}`

/** Something of every kind that a pod may have on the machine. @param hostPort given: one container crashes once. */
function leakPod(name: string, hostPort: number | undefined): object {
  const scratch = { name: 'scratch', mountPath: '/scratch' }
  const deep = { name: 'scratch', mountPath: '/deep', subPath: 'deep' }
  return pod(name, {
    restartPolicy: 'Always',
    initContainers: [shell('init', 'mkdir -p /scratch/deep; echo done', { volumeMounts: [scratch] })],
    containers: [
      shell('web', `httpd -p 80; ${UNTIL_STOPPED}`, {
        volumeMounts: [{ name: 'fast', mountPath: '/fast' }, deep],
        ports: [{ containerPort: 80, ...(hostPort === undefined ? {} : { hostPort }) }],
        readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 1 },
      }),
      shell('worker', hostPort === undefined ? UNTIL_STOPPED : CRASH_ONCE, { volumeMounts: [scratch, deep] }),
    ],
    volumes: [
      { name: 'fast', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
      { name: 'scratch', emptyDir: {} },
    ],
  })
}

/** Creates and deletes pods, so many at once, and remembers what to look for afterwards. */
class Waves {
  readonly uids: string[] = []
  readonly hostPorts: number[] = []
  readonly #server: ServedPeapod

  constructor(server: ServedPeapod) {
    this.#server = server
  }

  get podCount(): number {
    return this.uids.length
  }

  async next(): Promise<void> {
    const server = this.#server
    const size = Math.min(AT_ONCE, PODS - this.podCount)
    await server.create(...(await Promise.all(Array.from({ length: size }, (_, index) => this.#pod(index)))))
    const up = await this.#until('all are ready', async () => {
      const seen = (await server.pods()) ?? []
      return seen.length === size && seen.every(isReady) && seen
    })
    this.uids.push(...up.map(({ metadata }) => metadata.uid))
    await Promise.all(up.map(({ metadata }) => server.delete(metadata.name)))
    await this.#until('all are gone', async () => (await server.pods())?.length === 0)
    // By themselves they stay for an hour.
    await deleteEvents(server.socketPath)
  }

  async #pod(index: number): Promise<object> {
    const hostPort = index % 5 === 0 ? await freeHostPort() : undefined
    if (hostPort !== undefined) this.hostPorts.push(hostPort)
    return leakPod(`pod-${this.podCount + index}`, hostPort)
  }

  /** Asks less often than the server's own `until`: each answer is all the pods. */
  async #until<T>(what: string, find: () => Promise<T | false>): Promise<T> {
    const endsAtMs = performance.now() + LIMIT_MS
    for (;;) {
      const found = await find()
      if (found !== false) return found
      if (performance.now() > endsAtMs) throw new Error(`waited ${LIMIT_MS} ms until ${what}; ${this.#server.stderr}`)
      await delay(LOOK_EVERY_MS)
    }
  }
}

function isReady({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false
}

function deleteEvents(socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path: '/api/v1/namespaces/default/events', method: 'DELETE' }, (answer) => {
      answer.resume().once('end', () => {
        if (answer.statusCode === 200) resolve()
        else reject(new Error(`delete events: the server answered ${answer.statusCode}`))
      })
    })
      .once('error', reject)
      .end()
  })
}

/** What its dead containers have left of a pod that waits for its next restart. */
async function footprintAtRest(server: ServedPeapod, restarts: number): Promise<object> {
  const { metadata } = await server.until(`crash ${restarts + 1}`, async () => {
    const status = await server.container('crashing', 'app')
    return status?.restartCount === restarts && status.state?.waiting !== undefined && server.pod('crashing')
  })
  const folder = join(server.stateDirectory, 'instances', 'server')
  const read = (): Record<string, readonly string[]> => ({
    records: readdirSync(join(folder, 'runtime', 'records')),
    states: readdirSync(join(folder, 'runtime', 'state')),
    exits: readdirSync(join(folder, 'runtime', 'exits')),
    bundles: readdirSync(join(folder, 'pods', metadata.uid, 'containers')),
    staging: readdirSync(join(folder, 'pods', metadata.uid, 'staging')),
  })
  // They are removed beside the pod's loop.
  await untilNothingIn(() => Promise.resolve(Object.values(read()).flat()))
  return {
    ...read(),
    logs: readdirSync(join(folder, 'pods', metadata.uid, 'logs', 'app')).length,
    mounts: footprintOf(server.pid, server.stateDirectory).mounts,
  }
}

function isNotOf(server: ServedPeapod): (trace: string) => boolean {
  return (trace) => trace !== 'directory instances/server' && !trace.startsWith(`process ${server.pid}:`)
}

function whatGrew(before: Footprint, after: Footprint): string[] {
  const kinds = ['openFiles', 'threads', 'children', 'mounts', 'files'] as const
  return kinds.filter((kind) => after[kind] > before[kind]).map((kind) => `${kind}: ${before[kind]} → ${after[kind]}`)
}

const NEEDS = unlessThereIs('root', 'oci-runtime', 'conmon', 'nft', 'busybox')

describe('a server that has run many pods', { skip: NEEDS }, () => {
  let state: Awaited<ReturnType<typeof openStateDirectory>>
  before(async () => {
    state = await openStateDirectory()
  })
  after(() => state[Symbol.asyncDispose]())

  it(`has after ${PODS} of them what it had before`, (test) =>
    withServer({ stateDirectory: state.path, args: ['--restart-backoff=fast'], env: ASKABLE }, async (server) => {
      const waves = new Waves(server)
      const look = (): Footprint => footprintOf(server.pid, state.path)
      const tell = (heapKib: number): void =>
        test.diagnostic(`after ${waves.podCount} pods: ${JSON.stringify({ ...look(), heapKib })}`)
      while (waves.podCount < Math.min(WARM_UP_PODS, PODS / 2)) await waves.next()
      const before = look()
      const heapBefore = await heapOf(server.stderr)
      tell(heapBefore)
      while (waves.podCount < PODS) await waves.next()
      const left = await untilNothingIn(async () => {
        const { uids: podUids, hostPorts } = waves
        return (await leftoversOf({ stateDirectory: state.path, podUids, hostPorts })).filter(isNotOf(server))
      })
      assert.deepEqual(left, [])
      // A connection or a program that was begun just now ends by itself.
      const grown = await untilNothingIn(() => Promise.resolve(whatGrew(before, look())))
      const heapAfter = await heapOf(server.stderr)
      tell(heapAfter)
      assert.deepEqual(grown, [])
      assert.ok(heapAfter < heapBefore + HEAP_MARGIN_KIB, `heap: ${heapBefore} → ${heapAfter} KiB`)
    }))

  it('has after the third crash of a container what it had after the second', () =>
    withServer({ stateDirectory: state.path, args: ['--restart-backoff=fast'] }, async (server) => {
      await server.create(
        pod('crashing', {
          restartPolicy: 'Always',
          initContainers: [shell('init', 'true')],
          containers: [
            shell('app', 'echo out; exit 1', {
              volumeMounts: [{ name: 'scratch', mountPath: '/deep', subPath: 'deep' }],
            }),
          ],
          volumes: [{ name: 'scratch', emptyDir: {} }],
        }),
      )
      const second = await footprintAtRest(server, 1)
      assert.deepEqual(second, {
        ...second,
        ...{ records: [], states: [], exits: [], bundles: [], staging: [], logs: 2 },
      })
      assert.deepEqual(await footprintAtRest(server, 2), second)
      assert.equal(await server.log('crashing', 'container=app'), 'out\n')
      assert.equal(await server.log('crashing', 'container=app&previous=true'), 'out\n')
    }))

  it('begins without what killed commands, and whoever deleted a folder by hand, have left', async () => {
    const killed = runPeapod({ stateDirectory: state.path, pods: [leakPod('killed', await freeHostPort())] })
    await killed.until('it runs', () => killed.newsOf('worker', 'started').length)
    killed.signal('SIGKILL')
    await killed.end()
    const orphan = join('/run/peapod/addresses', `test-${randomUUID()}`)
    symlinkSync(join(state.path, 'instances', 'run-gone', 'pods', 'gone', 'sandbox'), orphan)
    await withServer({ stateDirectory: state.path }, async (server) => {
      const left = await untilNothingIn(
        async () =>
          (await leftoversOf({ stateDirectory: state.path, podUids: killed.podUids })).filter(isNotOf(server)),
        LIMIT_MS,
      )
      assert.deepEqual(left, [])
    })
  })
})
