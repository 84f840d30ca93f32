import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { ContainerStatus, Pod } from '../../src/kube/api/pod.ts'
import { unlessThereIs } from '../needs.ts'
import { isAtRest, isReady, LEAVING, POD_ZOO, restingState } from './pod-zoo.ts'
import { randomNumbers } from './random-numbers.ts'
import { type ServedPeapod, withServer } from './serve-peapod.ts'
import { openStateDirectory } from './state-directory.ts'

const KILLS = Number(process.env['PEAPOD_KILLS'] ?? 200)
const KILLS_PER_ZOO = 10
/** Zoos side by side, each with a server of its own: most of a zoo's life is waiting. */
const LANES = 4
/** Starting takes about half of it: some servers are killed while they take over. */
const LATEST_KILL_MS = 900

/** Runs of a container of a pod, as they were noted in its shared volume. */
function runsOf(server: ServedPeapod, { metadata }: Pod, container: string): number {
  const folder = join(server.stateDirectory, 'instances', 'server', 'pods', metadata.uid, 'volumes', 'shared')
  const notes = join(folder, container)
  return existsSync(notes) ? readFileSync(notes, 'utf8').trim().split('\n').length : 0
}

function allStatuses({ status }: Pod): readonly ContainerStatus[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
}

/** What never goes back, however often the server is killed: invariants 6, 7 and 8. */
class Watchman {
  readonly #before = new Map<string, Pod>()

  see(pods: readonly Pod[]): void {
    for (const pod of pods) {
      const before = this.#before.get(pod.metadata.uid)
      if (before !== undefined) compare(before, pod)
      this.#before.set(pod.metadata.uid, pod)
    }
  }
}

function compare(before: Pod, now: Pod): void {
  const { name } = now.metadata
  if (['Succeeded', 'Failed'].includes(before.status?.phase ?? '')) {
    assert.equal(now.status?.phase, before.status?.phase, `invariant 7: phase of ${name}`)
  }
  for (const last of allStatuses(before)) {
    const status = allStatuses(now).find((each) => each.name === last.name)
    assert.ok((status?.restartCount ?? 0) >= last.restartCount, `invariant 6: restarts of ${name}/${last.name}`)
    if (name !== 'steady' || last.state?.running === undefined) continue
    assert.equal(status?.containerID, last.containerID, `invariant 8: ID of ${name}/${last.name}`)
    assert.deepEqual(status?.state, last.state)
  }
  if (name === 'steady' && isReady(before)) assert.ok(isReady(now), 'invariant 8: Ready of steady')
}

type Look = () => Promise<void>

/** @returns the zoo at rest. */
async function runZoo(server: ServedPeapod, disturb: (look: Look) => Promise<void>): Promise<readonly Pod[]> {
  const watchman = new Watchman()
  const look = async (): Promise<void> => watchman.see((await server.pods()) ?? [])
  const [atOnce, later] = LEAVING
  await server.create(...POD_ZOO)
  await Promise.all([server.delete(atOnce), disturb(look)])
  await server.delete(later)
  const pods = await server.until('the zoo is at rest', async () => {
    await look()
    const seen = await server.pods()
    return seen !== undefined && isAtRest(seen) && seen
  })
  for (const pod of pods) {
    // The next run of a crash loop may just be noted before it is told.
    if (pod.metadata.name === 'crash-loop') continue
    for (const { name, restartCount, state } of allStatuses(pod)) {
      assert.ok(state?.waiting === undefined)
      const what = `runs of ${pod.metadata.name}/${name}`
      // A program that was let run a moment ago may not have come to it yet.
      const runs = await server.until(what, () => {
        const noted = runsOf(server, pod, name)
        return Promise.resolve(noted > restartCount && noted)
      })
      assert.equal(runs, restartCount + 1, what)
    }
  }
  return pods
}

async function kill(server: ServedPeapod, random: () => number, look: Look): Promise<void> {
  for (let killed = 0; killed < KILLS_PER_ZOO; killed += 1) {
    await delay(random() * LATEST_KILL_MS)
    await look()
    await server.end('SIGKILL')
    server.start()
    // It leaves while its server is killed, too.
    if (killed === KILLS_PER_ZOO / 2) void server.delete(LEAVING[1])
  }
  await server.ready()
}

/** Runs a zoo undisturbed, then zoos whose server is killed: each is to come to the same rest. */
async function runLane(kills: number, random: () => number): Promise<void> {
  await using state = await openStateDirectory()
  await withServer({ stateDirectory: state.path, args: ['--restart-backoff=fast'] }, async (server) => {
    const undisturbed = await runZoo(server, () => Promise.resolve())
    await server.deleteAll()
    for (let killed = 0; killed < kills; killed += KILLS_PER_ZOO) {
      const pods = await runZoo(server, (look) => kill(server, random, look))
      assert.deepEqual(pods.map(restingState), undisturbed.map(restingState))
      await server.deleteAll()
    }
    assert.doesNotMatch(server.stderr, /internal error/)
  })
}

describe('peapod serve', { skip: unlessThereIs('root', 'oci-runtime', 'conmon', 'nft', 'busybox') }, () => {
  it(`S12, H5, invariants 6 to 8: killed at ${KILLS} random moments, the zoo comes to the same rest`, async (test) => {
    const seed = Number(process.env['PEAPOD_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
    test.diagnostic(`PEAPOD_TEST_SEED=${seed}`)
    const lanes = Array.from({ length: LANES }, (_, lane) => runLane(KILLS / LANES, randomNumbers(seed + lane)))
    // All of them end, and take their things away, before the first failure is told.
    await Promise.allSettled(lanes)
    await Promise.all(lanes)
  })
})
