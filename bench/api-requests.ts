import { fork } from 'node:child_process'
import { join } from 'node:path'
import { BENCH_PODS, type ApiServer, podElsewhere, send, startApiServer, statusElsewhere } from './api-server.ts'
import { type HttpAddress, httpRequest } from './http-connection.ts'
import type { Measured } from './measure.ts'
import { residentMemoryMb } from './processes.ts'
import { type Load, putLoad } from './put-load.ts'
import { PEAPOD, type Scenario } from './scenario.ts'
import type { Workbench } from './workbench.ts'

const ROUNDS = 3
const CONNECTIONS = 8
const LOAD_MS = 2_000
const WARM_UP_MS = 500
const OVER_TLS = 'peapod, TLS'

type Values = Map<string, Measured & { readonly values: number[] }>

interface Request {
  readonly step: string
  next(): string
}

export const apiRequests: Scenario = requestsWith('j', 1_000)
export const apiRequestsOfMany: Scenario = requestsWith('k', 10_000)

function requestsWith(letter: string, pods: number): Scenario {
  return {
    letter,
    title: `The API: requests with ${pods.toLocaleString('en')} pods in the store`,
    async run(bench) {
      const values: Values = new Map()
      const add = (step: string, contender: string, [unit, value]: readonly [Measured['unit'], number]): void => {
        const key = `${step} ${contender}`
        const known = values.get(key) ?? { step, contender, unit, values: [] }
        known.values.push(value)
        values.set(key, known)
      }
      await using server = await startApiServer(bench)
      add('server, no pod yet', PEAPOD, ['MB', residentMemoryMb(server.pid) ?? NaN])
      await server.fill(0, pods)
      add('server, all pods there', PEAPOD, ['MB', residentMemoryMb(server.pid) ?? NaN])
      const size = (await send(server.unix, 'GET', `${BENCH_PODS}/pod-0`)).length
      await using floor = await startHelloServer(bench, server, size)
      for (let round = 0; round < bench.rounds(ROUNDS); round += 1) {
        for (const request of requestsOf(pods)) {
          for (const [contender, to] of contenders(server, floor)) {
            if (contender.startsWith('node:') && request.step !== 'get') continue
            bench.signal.throwIfAborted()
            const load: Load = { to, connections: CONNECTIONS, forMs: LOAD_MS, request: () => request.next() }
            await putLoad({ ...load, forMs: WARM_UP_MS })
            const { perSecond, p99Ms } = await putLoad(load)
            add(`${request.step}: requests`, contender, ['/s', perSecond])
            add(`${request.step}: p99`, contender, ['ms', p99Ms])
          }
        }
      }
      add('server, with the pods made meanwhile', PEAPOD, ['MB', residentMemoryMb(server.pid) ?? NaN])
      return {
        measured: [...values.values()],
        notes: [
          `${CONNECTIONS} connections, each with one request at a time, from a client that shares the machine's processors; of requests per second more is better. Without TLS it is over the Unix socket. A pod's JSON is ${size} bytes.`,
          'The server is `peapod serve`; the pods are another node’s, so nothing is run. Writes are durable against kill -9 before they are answered.',
          'node:http and node:https answer every request with as many bytes as a pod has, and do nothing else.',
        ],
        targets: [],
      }
    },
  }
}

let serial = 0

function requestsOf(pods: number): readonly Request[] {
  const any = (): string => `${BENCH_PODS}/pod-${Math.floor(Math.random() * pods)}`
  return [
    { step: 'get', next: () => httpRequest('GET', any()) },
    { step: 'list of 1,000', next: () => httpRequest('GET', `${BENCH_PODS}?limit=1000`) },
    { step: 'create', next: () => httpRequest('POST', BENCH_PODS, podElsewhere(`new-${serial++}`)) },
    {
      step: 'status update',
      next: () => {
        const patch = httpRequest('PATCH', `${any()}/status`, { status: statusElsewhere(serial++) })
        return patch.replace('application/json', 'application/merge-patch+json')
      },
    },
  ]
}

function contenders(server: ApiServer, floor: HelloServer): readonly (readonly [string, HttpAddress])[] {
  return [
    [PEAPOD, server.unix],
    [OVER_TLS, server.tls],
    ['node:http', floor.unix],
    ['node:https', floor.tls],
  ]
}

interface HelloServer extends AsyncDisposable {
  readonly unix: HttpAddress
  readonly tls: HttpAddress
}

async function startHelloServer(bench: Workbench, server: ApiServer, size: number): Promise<HelloServer> {
  const socketPath = join(bench.directory, 'hello.sock')
  const pki = (name: string): string => join(server.directory, 'pki', name)
  const args = [socketPath, pki('server.crt'), pki('server.key'), String(size)]
  const child = fork(join(import.meta.dirname, 'hello-server.ts'), args, {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const said: unknown = await new Promise((resolve) => child.stdout?.once('data', resolve))
  return {
    unix: { socketPath },
    tls: { ...server.tls, port: Number(String(said)) },
    [Symbol.asyncDispose]() {
      child.kill()
      return Promise.resolve()
    },
  }
}
