import { setTimeout as delay } from 'node:timers/promises'
import { BENCH_PODS, podElsewhere, send, startApiServer, statusElsewhere, type ApiServer } from './api-server.ts'
import { HttpConnection, httpRequest } from './http-connection.ts'
import { putLoad } from './put-load.ts'
import { percentile, timed, type Measured } from './measure.ts'
import { residentMemoryMb } from './processes.ts'
import { PEAPOD, type Scenario } from './scenario.ts'
import { Watchers } from './watchers.ts'

const ROUNDS = 3
const WATCHERS = 100
const UPDATES = 1_000
/** Of the updates of which each one's way is timed: one after the other, at a pace that nobody has to hurry for. */
const PACED = 100
const PACE_MS = 20
const WRITERS = 4

let serial = 0

export const watchFanOut: Scenario = {
  letter: 'l',
  title: `The API: ${WATCHERS} watches of the same pods`,
  async run(bench) {
    await using server = await startApiServer(bench)
    await send(server.unix, 'POST', BENCH_PODS, podElsewhere('watched'))
    const idleMb = residentMemoryMb(server.pid) ?? NaN
    const found: Record<string, number[]> = {}
    const add = (key: string, value: number): void => {
      found[key] = [...(found[key] ?? []), value]
    }
    for (const [contender, to] of [
      ['', server.unix],
      [', TLS', server.tls],
    ] as const) {
      using watchers = await Watchers.open(to, WATCHERS)
      for (let round = 0; round < bench.rounds(ROUNDS); round += 1) {
        bench.signal.throwIfAborted()
        const burst = await timed(() => updateAtOnce(server, watchers))
        const latenciesMs = await updateAtPace(server, watchers)
        add(`all events${contender}`, burst.ms / 1000)
        add(`events${contender}`, (UPDATES * WATCHERS * 1000) / burst.ms)
        add(`p50${contender}`, percentile(latenciesMs, 50))
        add(`p99${contender}`, percentile(latenciesMs, 99))
        add(`memory${contender}`, (residentMemoryMb(server.pid) ?? NaN) - idleMb)
      }
    }
    const rows: readonly [string, string, Measured['unit']][] = [
      [`${UPDATES} updates at once → seen by all`, 'all events', 's'],
      ['events', 'events', '/s'],
      ['update → seen by each, p50', 'p50', 'ms'],
      ['update → seen by each, p99', 'p99', 'ms'],
      ['memory more than without watches', 'memory', 'MB'],
    ]
    return {
      measured: ['', ', TLS'].flatMap((how) =>
        rows.map(([step, key, unit]) => ({ step, contender: PEAPOD + how, unit, values: found[key + how] ?? [] })),
      ),
      notes: [
        `Updates are of the status of one pod; each watch reads its own connection, all in one client process. At once: as fast as ${WRITERS} connections write them. The p50 and p99 are of ${PACED} updates, one each ${PACE_MS} ms, from the moment the request is sent to the moment each watch has read its event.`,
      ],
      targets: [],
    }
  },
}

async function updateAtOnce(server: ApiServer, watchers: Watchers): Promise<void> {
  const seen = watchers.until(UPDATES)
  let left = UPDATES
  await putLoad({
    to: server.unix,
    connections: WRITERS,
    forMs: Infinity,
    count: UPDATES,
    request: () => update(left--),
  })
  await seen
}

/** @returns for each update and watch, how long it was on its way. */
async function updateAtPace(server: ApiServer, watchers: Watchers): Promise<readonly number[]> {
  using connection = await HttpConnection.open(server.unix)
  const latenciesMs: number[] = []
  for (let number = 0; number < PACED; number += 1) {
    await delay(PACE_MS)
    const sentAtMs = performance.now()
    watchers.onEvent = () => latenciesMs.push(performance.now() - sentAtMs)
    const seen = watchers.until(1)
    await connection.send(update(UPDATES + number))
    await seen
  }
  watchers.onEvent = undefined
  return latenciesMs
}

function update(number: number): string {
  const patch = httpRequest('PATCH', `${BENCH_PODS}/watched/status`, { status: statusElsewhere(serial + number) })
  serial += UPDATES
  return patch.replace('application/json', 'application/merge-patch+json')
}
