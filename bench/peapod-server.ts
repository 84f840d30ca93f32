import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { removeNetworkIfUnused } from '../src/machine/sandbox/network.ts'
import type { Pod } from '../src/kube/api/pod.ts'
import { openClient } from '../src/user/client/open-client.ts'
import { PODS } from '../src/user/client/resource-type.ts'
import type { Manifest } from './reference-pod.ts'
import type { Workbench } from './workbench.ts'

/** A running server of peapod, seen as its clients see it: over its socket. */
export interface PeapodServer extends AsyncDisposable {
  readonly pid: number
  /** Sends the request. Resolves when the server has answered it. */
  create(manifest: Manifest): Promise<void>
  delete(name: string): Promise<void>
  /** Resolves when the watch tells that a pod has got there. */
  until(name: string, stage: Stage): Promise<void>
}

/** running: every container of it; ready: its condition; gone: its object was removed, which comes last of all. */
export type Stage = 'running' | 'ready' | 'succeeded' | 'gone'

const LIMIT_MS = 120_000
const NETWORK_REMOVAL_MS = 5_000

/** `peapod serve`, as a user starts it. */
export async function startPeapodServer(bench: Workbench, flags: readonly string[] = []): Promise<PeapodServer> {
  const where = ['--state-dir', bench.stateDirectory, '--listen', '127.0.0.1:0']
  const child = spawn(join(bench.home, 'peapod'), ['serve', ...where, ...flags], {
    // Ctrl-C is for the benchmark, which ends the server in its own time.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(child, 'exit')
  const socketPath = await servingOn(child.stderr)
  const client = openClient({ socketPath })
  const watching = new AbortController()
  const pods = followPods(client.watch(PODS, { namespace: 'default', signal: watching.signal }))
  return {
    pid: child.pid ?? 0,
    async create(manifest) {
      await client.create(PODS, manifest)
    },
    delete: (name) => client.delete(PODS, { namespace: 'default', name }),
    until: (name, stage) => pods.until(name, stage),
    async [Symbol.asyncDispose]() {
      // As a user would: after Ctrl-C there may be pods.
      const { items } = await client.list(PODS, { namespace: 'default' })
      await Promise.all(items.map(({ metadata }) => client.delete(PODS, { namespace: 'default', name: metadata.name })))
      await Promise.all(items.map(({ metadata }) => pods.until(metadata.name, 'gone')))
      watching.abort()
      await pods.ended
      client.close()
      child.kill('SIGTERM')
      await ended
      // A server leaves the network to its pods and to those that come.
      await removeNetworkIfUnused(AbortSignal.timeout(NETWORK_REMOVAL_MS))
    },
  }
}

/** Waits for the line that says where the server is reached; the rest of what it says is passed on. */
async function servingOn(stderr: Readable): Promise<string> {
  const lines = createInterface(stderr)
  for await (const line of lines) {
    const socketPath = /^serving on \S+ and (\S+)$/.exec(line)?.[1]
    if (socketPath !== undefined) {
      stderr.pipe(process.stderr)
      return socketPath
    }
    process.stderr.write(`${line}\n`)
  }
  throw new Error('the server ended before it answered')
}

interface PodChange {
  readonly type: string
  readonly object: Pod
}

function followPods(changes: AsyncIterable<PodChange>) {
  const stages = new Map<string, Set<Stage>>()
  const waiting = new Map<string, () => void>()
  const follow = async () => {
    for await (const { type, object } of changes) {
      const { name } = object.metadata
      if (type === 'ADDED') stages.set(name, new Set())
      const reached = stages.get(name) ?? new Set()
      for (const stage of stagesOf(type, object)) {
        reached.add(stage)
        waiting.get(`${name} ${stage}`)?.()
      }
    }
  }
  return {
    ended: follow(),
    async until(name: string, stage: Stage) {
      if (stages.get(name)?.has(stage) !== true) await withLimit(name, stage, waiting)
      waiting.delete(`${name} ${stage}`)
    },
  }
}

function withLimit(name: string, stage: Stage, waiting: Map<string, () => void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`pod "${name}" is not ${stage} after ${LIMIT_MS} ms`)), LIMIT_MS)
    waiting.set(`${name} ${stage}`, () => {
      clearTimeout(limit)
      resolve()
    })
  })
}

function stagesOf(type: string, pod: Pod): Stage[] {
  if (type === 'DELETED') return ['gone']
  const { phase, containerStatuses = [], conditions = [] } = pod.status ?? {}
  if (phase === 'Succeeded') return ['succeeded']
  const isRunning = phase === 'Running' && containerStatuses.every(({ state }) => state?.running !== undefined)
  const isReady = conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
  return [...(isRunning ? (['running'] as const) : []), ...(isReady ? (['ready'] as const) : [])]
}
