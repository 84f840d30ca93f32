import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Container, Probe } from '../src/kube/api/pod.ts'
import type { ProbeKind } from '../src/kube/lifecycle/observed-pod.ts'
import { machineClock } from '../src/node/engine/clock.ts'
import { type ProbeOwner, ProbeSchedule } from '../src/node/engine/probes/probe-schedule.ts'
import { runProbe } from '../src/node/engine/probes/run-probe.ts'
import type { Measured } from './measure.ts'
import { HTTP_PORT, podAddresses, TCP_PORT } from './probe-addresses.ts'
import { PEAPOD, type Scenario } from './scenario.ts'
import type { Workbench } from './workbench.ts'

const PERIOD_MS = 1_000
const ROUND_MS = 5_000
const SECOND = { timeoutSeconds: 1, periodSeconds: 1, successThreshold: 1, failureThreshold: 3 }
const PROBES: Readonly<Record<ProbeKind, Probe>> = {
  startup: { ...SECOND, httpGet: { port: HTTP_PORT, path: '/' } },
  liveness: { ...SECOND, httpGet: { port: HTTP_PORT, path: '/' } },
  readiness: { ...SECOND, tcpSocket: { port: TCP_PORT } },
}

interface Counts {
  latenessMs: number[]
  failed: number
}

export const probes: Scenario = {
  letter: 'g',
  title: '100 pods with 3 probes each, every second: two by HTTP, one by TCP',
  async run(bench) {
    const child = fork(join(import.meta.dirname, 'probe-listeners.ts'))
    try {
      await once(child, 'message')
      const aligned = await measure(bench, 'all at once', () => 0)
      const spread = await measure(bench, 'spread', (pod) => (pod * PERIOD_MS) / podAddresses().length)
      return {
        measured: [...aligned.measured, ...spread.measured],
        notes: [
          'Lateness is from the moment a probe is due to the moment it begins. CPU is that of the probing process, the servers it asks are another one; 100 % is one core.',
          'All at once: the worst case, all pods were started in the same millisecond. Spread: evenly over the second.',
          `Meant to hold: a p99 lateness under 100 ms, under 15 % of a core. Probes that failed: ${aligned.failed + spread.failed}.`,
        ],
        targets: [],
      }
    } finally {
      child.kill()
    }
  },
}

async function measure(
  bench: Workbench,
  how: string,
  offsetMs: (pod: number) => number,
): Promise<{ readonly measured: Measured[]; readonly failed: number }> {
  const counts: Counts = { latenessMs: [], failed: 0 }
  const schedule = new ProbeSchedule(machineClock)
  const beginsAtMs = Date.now() + 100
  const owners = podAddresses().map((podIP, pod) =>
    follow(schedule, counts, { podIP, sinceMs: beginsAtMs + offsetMs(pod) }),
  )
  const values: Record<'p50' | 'p99' | 'most' | 'cpu', number[]> = { p50: [], p99: [], most: [], cpu: [] }
  for (let round = -1; round < bench.rounds(5); round += 1) {
    bench.signal.throwIfAborted()
    counts.latenessMs = []
    const before = process.cpuUsage()
    const begunAtMs = performance.now()
    await delay(ROUND_MS)
    const used = process.cpuUsage(before)
    // The first one loads and compiles.
    if (round < 0) continue
    const sorted = counts.latenessMs.toSorted((a, b) => a - b)
    values.p50.push(sorted[Math.floor(sorted.length * 0.5)] ?? NaN)
    values.p99.push(sorted[Math.floor(sorted.length * 0.99)] ?? NaN)
    values.most.push(sorted.at(-1) ?? NaN)
    values.cpu.push((used.user + used.system) / 10 / (performance.now() - begunAtMs))
  }
  for (const owner of owners) schedule.follow(owner, [])
  const row = (step: string, unit: Measured['unit'], list: number[]): Measured => ({
    step: `${how}: ${step}`,
    contender: PEAPOD,
    unit,
    values: list,
  })
  return {
    measured: [
      row('lateness, p50', 'ms', values.p50),
      row('lateness, p99', 'ms', values.p99),
      row('lateness, most', 'ms', values.most),
      row('CPU', '%', values.cpu),
    ],
    failed: counts.failed,
  }
}

function follow(
  schedule: ProbeSchedule,
  counts: Counts,
  pod: { readonly podIP: string; readonly sinceMs: number },
): ProbeOwner {
  const container = { name: 'app' } as Container
  const runtime = { exec: () => Promise.reject(new Error('no probe here runs a program')) }
  const owner: ProbeOwner = {
    async run(due, signal) {
      counts.latenessMs.push((Date.now() - due.sinceMs) % PERIOD_MS)
      const found = await runProbe(runtime, due.probe, { container, instance: 'app', podIP: pod.podIP, signal })
      if (found.is === 'success') return 'success'
      counts.failed += 1
      return 'failure'
    },
    judged: () => undefined,
  }
  const kinds = Object.keys(PROBES) as ProbeKind[]
  schedule.follow(
    owner,
    kinds.map((kind) => ({
      container: 'app',
      instance: 'app',
      kind,
      probe: PROBES[kind],
      sinceMs: pod.sinceMs,
    })),
  )
  return owner
}
