import { readdirSync, readFileSync } from 'node:fs'
import { busyboxLayer } from './busybox-layer.ts'
import { type Contender, measureInTurn } from './measure.ts'
import { type PeapodServer, startPeapodServer } from './peapod-server.ts'
import { missingForPodman, openPodmanBox, type PodmanBox } from './podman-box.ts'
import { IMAGE, restartingPod } from './reference-pod.ts'
import { PEAPOD, type Scenario } from './scenario.ts'

const ROUNDS = 3
/** The first restart comes at once, the second after a back-off: each container is killed once. */
const KILLS = 40
const LIMIT_MS = 20_000
/** Told apart from every other process by how long it means to sleep, in seconds. */
const FIRST_SLEEP = 7_000_000

export const restart: Scenario = {
  letter: 'h',
  title: "From a container's end to its restart",
  async run(bench) {
    await busyboxLayer(bench)
    const missing = missingForPodman()
    await using end = new AsyncDisposableStack()
    const server = end.use(await startPeapodServer(bench))
    const contenders = [peapodContender(server)]
    if (missing === undefined) contenders.push(podmanContender(end.use(await openPodmanBox(bench))))
    const measured = await measureInTurn(contenders, { rounds: bench.rounds(ROUNDS), unit: 'ms', signal: bench.signal })
    return {
      measured,
      notes: [
        `From SIGKILL of its first process to the first process of the next instance, seen in /proc. ${KILLS} containers of as many pods run, each is killed once, one after the other; of each round the median and the 99th percentile.`,
        missing === undefined
          ? 'podman: `podman run --restart=always`, as many containers.'
          : `podman was not measured: ${missing}`,
      ],
      targets: [],
    }
  },
}

let lastSleep = FIRST_SLEEP

function nextSleeps(): readonly number[] {
  return Array.from({ length: KILLS }, () => (lastSleep += 1))
}

function peapodContender(server: PeapodServer): Contender {
  return {
    name: PEAPOD,
    async run() {
      const sleeps = nextSleeps()
      const nameOf = (seconds: number) => `restarts-${seconds}`
      await Promise.all(sleeps.map((seconds) => server.create(restartingPod(nameOf(seconds), sleepFor(seconds)))))
      await Promise.all(sleeps.map((seconds) => server.until(nameOf(seconds), 'running')))
      const latencies = await killEach(sleeps)
      await Promise.all(sleeps.map((seconds) => server.delete(nameOf(seconds))))
      await Promise.all(sleeps.map((seconds) => server.until(nameOf(seconds), 'gone')))
      return percentiles(latencies)
    },
  }
}

function podmanContender(box: PodmanBox): Contender {
  return {
    name: 'podman',
    async run() {
      const sleeps = nextSleeps()
      const run = ['run', '--detach', '--restart=always', '--network=none', '--stop-timeout=0', IMAGE]
      for (const seconds of sleeps) await box.podman([...run, ...sleepFor(seconds)])
      const latencies = await killEach(sleeps)
      await box.podman(['rm', '--all', '--force'])
      return percentiles(latencies)
    },
  }
}

function sleepFor(seconds: number): readonly string[] {
  return ['sleep', String(seconds)]
}

async function killEach(sleeps: readonly number[]): Promise<readonly number[]> {
  const latencies: number[] = []
  for (const seconds of sleeps) {
    const pid = findSleep(seconds)
    if (pid === undefined) throw new Error(`no process sleeps for ${seconds} s`)
    const killedAtMs = performance.now()
    process.kill(pid, 'SIGKILL')
    await untilAnother(seconds, pid)
    latencies.push(performance.now() - killedAtMs)
  }
  return latencies
}

/** Looks for another process than the one that was killed, again and again. */
async function untilAnother(seconds: number, killed: number): Promise<void> {
  const endsAtMs = performance.now() + LIMIT_MS
  for (;;) {
    const found = findSleep(seconds, killed)
    if (found !== undefined) return
    if (performance.now() > endsAtMs) throw new Error(`no process sleeps for ${seconds} s again after ${LIMIT_MS} ms`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function findSleep(seconds: number, killed = 0): number | undefined {
  const line = ['sleep', seconds, ''].join('\0')
  return readdirSync('/proc')
    .map(Number)
    .find((pid) => pid !== killed && commandLine(pid) === line)
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch {
    // It has ended since: that is no process that sleeps.
    return ''
  }
}

function percentiles(values: readonly number[]): Record<string, number> {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
  return { p50: at(0.5), p99: at(0.99) }
}
