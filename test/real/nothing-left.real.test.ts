import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { unlessThereIs } from '../needs.ts'
import { freeHostPort } from './free-host-port.ts'
import { leftoversOf } from './leftovers-of.ts'
import { type PeapodRun, runPeapod } from './run-peapod.ts'
import { pod, shell, sidecar, UNTIL_STOPPED } from './sample-pods.ts'
import { openStateDirectory } from './state-directory.ts'
import { untilNothingIn } from './until.ts'

const KILLS = 50
const AT_ONCE = 2
const KILLS_BEFORE_A_CLEAN_START = 10
/** Else most would be killed before or after all that matters. */
const LEAST_WITH_PODS = 10

/** An init container, a sidecar and two apps; a port of the machine, a tmpfs, a bind of a subPath. */
function fullPod(hostPort: number, apps: string): object {
  return pod('full', {
    initContainers: [
      shell('init', 'mkdir -p /scratch/deep', { volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }] }),
      sidecar('proxy', UNTIL_STOPPED),
    ],
    containers: [
      shell('web', apps, {
        ports: [{ containerPort: 80, hostPort }],
        volumeMounts: [
          { name: 'fast', mountPath: '/fast' },
          { name: 'scratch', mountPath: '/deep', subPath: 'deep' },
        ],
      }),
      shell('worker', apps),
    ],
    volumes: [
      { name: 'fast', emptyDir: { medium: 'Memory', sizeLimit: '16Mi' } },
      { name: 'scratch', emptyDir: {} },
    ],
  })
}

describe('nothing is left of a pod', { skip: unlessThereIs('root', 'oci-runtime', 'conmon', 'nft', 'busybox') }, () => {
  let state: Awaited<ReturnType<typeof openStateDirectory>>
  before(async () => {
    state = await openStateDirectory()
  })
  after(() => state[Symbol.asyncDispose]())

  async function assertNothingLeft(podUids: readonly string[], hostPorts: readonly number[]): Promise<void> {
    const left = await untilNothingIn(() => leftoversOf({ stateDirectory: state.path, podUids, hostPorts }))
    assert.deepEqual(left, [])
  }

  it('the traces of a pod that runs are found', async () => {
    const hostPort = await freeHostPort()
    await using run = runPeapod({ stateDirectory: state.path, pods: [fullPod(hostPort, UNTIL_STOPPED)] })
    await run.until('all run', () => run.newsOf('worker', 'started').length)
    const found = await leftoversOf({ stateDirectory: state.path, podUids: run.podUids, hostPorts: [hostPort] })
    for (const kind of ['mount', 'process', 'link', 'cgroup', 'nftables rule', 'claim', 'directory']) {
      assert.ok(
        found.some((trace) => trace.startsWith(kind)),
        `no ${kind} in:\n${found.join('\n')}`,
      )
    }
  })

  it('after it has succeeded', async () => {
    const hostPort = await freeHostPort()
    await using run = runPeapod({ stateDirectory: state.path, pods: [fullPod(hostPort, 'exit 0')] })
    assert.equal(await run.end(), 0)
    assert.equal(run.podUids.length, 1)
    await assertNothingLeft(run.podUids, [hostPort])
  })

  it('after Ctrl-C', async () => {
    const hostPort = await freeHostPort()
    await using run = runPeapod({ stateDirectory: state.path, pods: [fullPod(hostPort, UNTIL_STOPPED)] })
    await run.until('all run', () => run.newsOf('worker', 'started').length)
    run.signal('SIGINT')
    assert.equal(await run.end(), 130)
    await assertNothingLeft(run.podUids, [hostPort])
  })

  it('but what the machine gave to a pod stays, also after kill -9', async () => {
    const given = await mkdtemp(join(tmpdir(), 'peapod-given-'))
    await mkdir(join(given, 'deep'))
    await writeFile(join(given, 'deep/file'), 'precious')
    const mounted = pod('mounted', {
      containers: [
        shell('app', UNTIL_STOPPED, {
          volumeMounts: [
            { name: 'given', mountPath: '/whole' },
            { name: 'given', mountPath: '/part', subPath: 'deep' },
            { name: 'given', mountPath: '/one', subPath: 'deep/file' },
            { name: 'scratch', mountPath: '/whole/deep' },
          ],
        }),
      ],
      volumes: [
        { name: 'given', hostPath: { path: given } },
        { name: 'scratch', emptyDir: {} },
      ],
    })
    try {
      const killed = runPeapod({ stateDirectory: state.path, pods: [mounted] })
      await killed.until('it runs', () => killed.newsOf('app', 'started').length)
      killed.signal('SIGKILL')
      await killed.end()
      const next = runPeapod({
        stateDirectory: state.path,
        pods: [pod('next', { containers: [shell('app', 'true')] })],
      })
      assert.equal(await next.end(), 0)
      await assertNothingLeft([...killed.podUids, ...next.podUids], [])
      assert.equal(await readFile(join(given, 'deep/file'), 'utf8'), 'precious')
    } finally {
      await rm(given, { recursive: true })
    }
  })

  it(`after kill -9 at ${KILLS} random moments and one more start`, async (test) => {
    const seed = Number(process.env['PEAPOD_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
    test.diagnostic(`PEAPOD_TEST_SEED=${seed}`)
    const random = randomNumbers(seed)
    const upAfterMs = await measureStart(state.path)
    const uids = new Set<string>()
    const ports: number[] = []
    for (let killed = 0; killed < KILLS; killed += KILLS_BEFORE_A_CLEAN_START) {
      for (let inRound = 0; inRound < KILLS_BEFORE_A_CLEAN_START; inRound += AT_ONCE) {
        const moments = Array.from({ length: AT_ONCE }, () => randomMoment(random, upAfterMs))
        const runs = await Promise.all(
          moments.map(async (moment) => {
            const hostPort = await freeHostPort()
            ports.push(hostPort)
            const run = runPeapod({ stateDirectory: state.path, pods: [fullPod(hostPort, UNTIL_STOPPED)] })
            await killAt(run, moment)
            return run
          }),
        )
        for (const uid of runs.flatMap((run) => run.podUids)) uids.add(uid)
      }
      const next = runPeapod({
        stateDirectory: state.path,
        pods: [pod('next', { containers: [shell('app', 'true')] })],
      })
      assert.equal(await next.end(), 0)
      assert.equal(next.stderr, '')
      await assertNothingLeft([...uids, ...next.podUids], ports)
    }
    test.diagnostic(`${uids.size} pods were on the machine when they were killed`)
    assert.ok(uids.size >= LEAST_WITH_PODS, `only ${uids.size} pods`)
  })
})

/** When a run is killed; some are asked to stop before that. */
interface Moment {
  readonly interruptAfterMs: number | undefined
  readonly killAfterMs: number
}

/** How long a pod takes until all of it runs, on this machine now. */
async function measureStart(stateDirectory: string): Promise<number> {
  const startedAtMs = performance.now()
  await using run = runPeapod({ stateDirectory, pods: [fullPod(await freeHostPort(), UNTIL_STOPPED)] })
  await run.until('all run', () => run.newsOf('worker', 'started').length)
  return performance.now() - startedAtMs
}

/** At any time from the first instruction of the command to a little after all of its pod runs, or while it stops. */
function randomMoment(random: () => number, upAfterMs: number): Moment {
  const isStopping = random() < 0.3
  return {
    interruptAfterMs: isStopping ? upAfterMs * (1 + random()) : undefined,
    killAfterMs: upAfterMs * random() * (isStopping ? 0.5 : 2),
  }
}

async function killAt(run: PeapodRun, { interruptAfterMs, killAfterMs }: Moment): Promise<void> {
  if (interruptAfterMs !== undefined) {
    await delay(interruptAfterMs)
    run.signal('SIGINT')
  }
  await delay(killAfterMs)
  run.signal('SIGKILL')
  await run.end()
}

/** mulberry32: numbers from 0 to 1, the same for the same seed. */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
