import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { busyboxLayer } from './busybox-layer.ts'
import type { Measured } from './measure.ts'
import { type PeapodServer, startPeapodServer } from './peapod-server.ts'
import { missingForPodman, openPodmanBox } from './podman-box.ts'
import { findProcesses, peakMemoryMb, proportionalMemoryMb, residentMemoryMb } from './processes.ts'
import { referencePod, withoutInit } from './reference-pod.ts'
import { PEAPOD, type Scenario } from './scenario.ts'
import type { Workbench } from './workbench.ts'

const MANY = 50
const LOOK_EVERY_MS = 2

export const memory: Scenario = {
  letter: 'f',
  title: 'Peak memory',
  async run(bench) {
    await busyboxLayer(bench)
    const measured = [...(await measureServer(bench)), await measureRun(bench)]
    const missing = missingForPodman()
    if (missing === undefined) measured.push(await measurePodman(bench))
    return {
      measured,
      notes: [
        'Peaks are VmHWM, the most that a process ever had resident. What is per container is what stays while it runs: resident, and with shared pages divided among those who share them.',
        'podman has no server: its row is its largest process while the pod comes up; a conmon per container (and one for the pause container) stays as well.',
        ...(missing === undefined ? [] : [`podman was not measured: ${missing}`]),
      ],
      targets: [],
    }
  },
}

async function measureServer(bench: Workbench): Promise<Measured[]> {
  await using server = await startPeapodServer(bench)
  const peak = (pods: string) => one(`server, ${pods}`, peakMemoryMb(server.pid))
  const none = peak('no pod yet')
  await bringUp(server, ['single'])
  const single = peak('1 pod')
  const names = Array.from({ length: MANY - 1 }, (_, number) => `pod-${number}`)
  await bringUp(server, names)
  const many = peak(`${MANY} pods`)
  const conmons = findProcesses('conmon', bench.stateDirectory)
  const list = (read: (pid: number) => number | undefined) => conmons.map(read).filter((value) => value !== undefined)
  const measured: Measured[] = [
    none,
    single,
    many,
    { step: 'conmon, resident', contender: PEAPOD, unit: 'MB', values: list(residentMemoryMb) },
    { step: 'conmon, proportional', contender: PEAPOD, unit: 'MB', values: list(proportionalMemoryMb) },
  ]
  await Promise.all(['single', ...names].map((name) => server.delete(name)))
  await Promise.all(['single', ...names].map((name) => server.until(name, 'gone')))
  return [...measured, peak(`after ${MANY} pods are gone`)]
}

async function bringUp(server: PeapodServer, names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => server.create(referencePod(name))))
  await Promise.all(names.map((name) => server.until(name, 'running')))
}

async function measureRun(bench: Workbench): Promise<Measured> {
  const manifest = join(bench.directory, 'reference.json')
  writeFileSync(manifest, JSON.stringify(referencePod('reference')))
  const command = ['run', '--state-dir', bench.stateDirectory, '--output', 'json', '--timeout', '1s', manifest]
  const child = spawn(join(bench.home, 'peapod'), command, { detached: true, stdio: 'ignore' })
  const ended = once(child, 'exit')
  return one('peapod run', await peakUntil(ended, () => (child.pid === undefined ? [] : [child.pid])))
}

async function measurePodman(bench: Workbench): Promise<Measured> {
  await using box = await openPodmanBox(bench)
  const file = join(bench.directory, 'podman-pod.json')
  writeFileSync(file, JSON.stringify(withoutInit('reference')))
  const playing = box.podman(['kube', 'play', '--quiet', file])
  const peak = await peakUntil(playing, () => findProcesses('podman', join(bench.directory, 'podman')))
  await box.podman(['kube', 'down', file])
  return { ...one('podman kube play', peak), contender: 'podman' }
}

/** The largest peak of these processes, looked at again and again until the end. */
async function peakUntil(end: Promise<unknown>, pids: () => readonly number[]): Promise<number> {
  let peak = 0
  let hasEnded = false
  const watched = end.finally(() => (hasEnded = true))
  const isOver = () => hasEnded
  while (!isOver()) {
    peak = Math.max(peak, ...pids().map((pid) => peakMemoryMb(pid) ?? 0))
    await delay(LOOK_EVERY_MS)
  }
  await watched
  return peak
}

function one(step: string, value: number | undefined): Measured {
  return { step, contender: PEAPOD, unit: 'MB', values: [value ?? NaN] }
}
