import { BENCH_PODS, send, startApiServer } from './api-server.ts'
import { httpRequest } from './http-connection.ts'
import type { Measured } from './measure.ts'
import { putLoad } from './put-load.ts'
import { PEAPOD, type Scenario } from './scenario.ts'

const ROUNDS = 3
const PODS = 1_000
const FLOODERS = 50
const LOAD_MS = 3_000
const TOO_MANY_REQUESTS = 429
const RBAC = 'rbac.authorization.k8s.io'

export const fairness: Scenario = {
  letter: 'm',
  title: 'The API: one user while another one floods the server',
  async run(bench) {
    await using server = await startApiServer(bench)
    await server.fill(0, PODS)
    await send(server.unix, 'POST', `/apis/${RBAC}/v1/clusterrolebindings`, {
      metadata: { name: 'bench' },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'view' },
      subjects: ['calm', 'flood'].map((name) => ({ apiGroup: RBAC, kind: 'User', name })),
    })
    const as = (user: string, path: string): string =>
      httpRequest('GET', path, undefined, `impersonate-user: ${user}\r\n`)
    const get = { to: server.tls, connections: 1, forMs: LOAD_MS, request: () => as('calm', `${BENCH_PODS}/pod-1`) }
    const list = {
      ...{
        to: server.tls,
        connections: FLOODERS,
        forMs: LOAD_MS,
        request: () => as('flood', `${BENCH_PODS}?limit=500`),
      },
      isGood: ({ code }: { code: number }) => code === 200 || code === TOO_MANY_REQUESTS,
    }
    const rows: Record<string, { unit: Measured['unit']; values: number[] }> = {}
    const add = (step: string, unit: Measured['unit'], value: number): void => {
      rows[step] ??= { unit, values: [] }
      rows[step].values.push(value)
    }
    for (let round = 0; round < bench.rounds(ROUNDS); round += 1) {
      bench.signal.throwIfAborted()
      const alone = await putLoad(get)
      const [flooded, flood] = await Promise.all([putLoad(get), putLoad(list)])
      add('get, alone: p50', 'ms', alone.p50Ms)
      add('get, alone: p99', 'ms', alone.p99Ms)
      add('get, flooded: p50', 'ms', flooded.p50Ms)
      add('get, flooded: p99', 'ms', flooded.p99Ms)
      add('the flood: lists', '/s', flood.perSecond)
      add('the flood: p50', 'ms', flood.p50Ms)
    }
    return {
      measured: Object.entries(rows).map(([step, found]) => ({ step, contender: PEAPOD, ...found })),
      notes: [
        `One user gets a pod again and again on one connection; another one lists 500 pods on ${FLOODERS} connections. Both over TLS, from one client process, which has to read all that the flood asks for.`,
      ],
      targets: [],
    }
  },
}
