import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { ConnectionOptions } from 'node:tls'
import { removeNetworkIfUnused } from '../src/machine/sandbox/network.ts'
import { type HttpAddress, HttpConnection, httpRequest } from './http-connection.ts'
import type { Workbench } from './workbench.ts'

/** Pods of these benchmarks are said to be on another machine: the server keeps and tells them, and runs nothing. */
const ELSEWHERE = 'another-machine'
const NETWORK_REMOVAL_MS = 5_000
/** Requests that fill the store are sent so many at a time. */
const FILLERS = 8

export const BENCH_PODS = '/api/v1/namespaces/bench/pods'

export interface ApiServer extends AsyncDisposable {
  readonly pid: number
  readonly unix: HttpAddress
  /** As the administrator. */
  readonly tls: ConnectionOptions
  readonly directory: string
  /** Makes the pods `pod-<from>` to `pod-<to - 1>`. */
  fill(from: number, to: number): Promise<void>
}

/** `peapod serve`, as a user starts it, with a namespace for pods of another machine. */
export async function startApiServer(bench: Workbench): Promise<ApiServer> {
  const where = ['--state-dir', bench.stateDirectory, '--listen', '127.0.0.1:0']
  const child = spawn(join(bench.home, 'peapod'), ['serve', ...where], {
    // Ctrl-C is for the benchmark, which ends the server in its own time.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(child, 'exit')
  const [port, socketPath] = await new Promise<readonly [number, string]>((resolve, reject) => {
    child.once('exit', () => reject(new Error('the server ended before it answered')))
    createInterface(child.stderr).on('line', (line) => {
      const [, url = '', path = ''] = /^serving on (\S+) and (\S+)$/.exec(line) ?? []
      if (path === '') process.stderr.write(`${line}\n`)
      else resolve([Number(new URL(url).port), path])
    })
  })
  const directory = join(bench.stateDirectory, 'instances', 'server')
  const unix = { socketPath }
  await send(unix, 'POST', '/api/v1/namespaces', { metadata: { name: 'bench' } })
  return {
    pid: child.pid ?? 0,
    unix,
    tls: { host: '127.0.0.1', port, ...pairOf(directory) },
    directory,
    async fill(from, to) {
      let next = from
      const filler = async (): Promise<void> => {
        using connection = await HttpConnection.open(unix)
        while (next < to) {
          const { code, bytes } = await connection.send(httpRequest('POST', BENCH_PODS, podElsewhere(`pod-${next++}`)))
          if (code !== 201) throw new Error(`fill the store: ${bytes.toString()}`)
        }
      }
      await Promise.all(Array.from({ length: FILLERS }, filler))
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await ended
      await removeNetworkIfUnused(AbortSignal.timeout(NETWORK_REMOVAL_MS))
    },
  }
}

export async function send(to: HttpAddress, method: string, path: string, body?: object): Promise<Buffer> {
  using connection = await HttpConnection.open(to)
  const { code, bytes } = await connection.send(httpRequest(method, path, body))
  if (code >= 300) throw new Error(`${method} ${path}: ${bytes.toString()}`)
  return bytes
}

function pairOf(directory: string): Pick<ConnectionOptions, 'ca' | 'cert' | 'key'> {
  const read = (name: string): Buffer => readFileSync(join(directory, 'pki', name))
  return { ca: read('ca.crt'), cert: read('admin.crt'), key: read('admin.key') }
}

/** A pod as people write them: two containers with environment, probes, resources and a volume. */
export function podElsewhere(name: string): object {
  const container = (named: string): object => ({
    name: named,
    image: `registry.example.com/team/${named}:1.2.3`,
    env: Array.from({ length: 5 }, (_, index) => ({ name: `VARIABLE_${index}`, value: `value of variable ${index}` })),
    ports: [{ name: `${named}-http`, containerPort: 8080 }],
    readinessProbe: { httpGet: { path: '/ready', port: 8080 }, periodSeconds: 5 },
    resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '128Mi' } },
    volumeMounts: [{ name: 'data', mountPath: '/data' }],
  })
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'bench', shard: name.slice(-1) } },
    spec: {
      nodeName: ELSEWHERE,
      containers: [container('app'), container('proxy')],
      volumes: [{ name: 'data', emptyDir: {} }],
    },
  }
}

/** Its status, as the machine that runs it would tell it; another one for each count. */
export function statusElsewhere(count: number): object {
  const at = new Date(Date.UTC(2026, 0, 1) + count * 1000).toISOString().replace('.000Z', 'Z')
  const condition = (type: string): object => ({ type, status: 'True', lastTransitionTime: at })
  return {
    phase: 'Running',
    podIP: '10.9.8.7',
    startTime: at,
    conditions: ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map(condition),
    containerStatuses: ['app', 'proxy'].map((name) => ({
      ...{ name, image: `registry.example.com/team/${name}:1.2.3`, imageID: `sha256:${'0'.repeat(64)}` },
      ...{ ready: true, started: true, restartCount: 0, state: { running: { startedAt: at } } },
    })),
  }
}
