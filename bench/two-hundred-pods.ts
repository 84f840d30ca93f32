import { setTimeout as delay } from 'node:timers/promises'
import { busyboxLayer } from './busybox-layer.ts'
import { type Measured, processorSeconds, timed } from './measure.ts'
import { type PeapodServer, startPeapodServer } from './peapod-server.ts'
import { findProcesses, proportionalMemoryMb, residentMemoryMb } from './processes.ts'
import { withoutInit } from './reference-pod.ts'
import { PEAPOD, type Scenario } from './scenario.ts'
import type { Workbench } from './workbench.ts'

const ROUNDS = 2
const PODS = 200
/** Long enough for what comes after the last pod to be over, and for what runs now and then to have run. */
const SETTLE_MS = 3_000
const IDLE_MS = 15_000

type Values = Record<string, { readonly unit: Measured['unit']; readonly values: number[] }>

export const twoHundredPods: Scenario = {
  letter: 'i',
  title: `${PODS} pods of 2 containers in one server`,
  async run(bench) {
    await busyboxLayer(bench)
    const values: Values = {}
    for (let round = 0; round < bench.rounds(ROUNDS); round += 1) {
      await using server = await startPeapodServer(bench)
      await measureOnce(bench, server, values)
    }
    return {
      measured: Object.entries(values).map(([step, found]) => ({ step, contender: PEAPOD, ...found })),
      notes: [
        'Time is from the first of all create requests, sent at once, to the last pod that is Ready; and from the first delete request to the last object that is gone. Each container ends at once on SIGTERM.',
        `Idle: nothing is asked and nothing happens, over ${IDLE_MS / 1000} s; 100 % is one core. Memory is resident; of conmon, which watches each container, with shared pages divided among those who share them.`,
      ],
      targets: [],
    }
  },
}

async function measureOnce(bench: Workbench, server: PeapodServer, values: Values): Promise<void> {
  const add = (step: string, unit: Measured['unit'], value: number): void => {
    values[step] ??= { unit, values: [] }
    values[step].values.push(value)
  }
  await delay(SETTLE_MS, undefined, { signal: bench.signal })
  const emptyMb = residentMemoryMb(server.pid) ?? NaN
  add('server, no pod yet', 'MB', emptyMb)
  const names = Array.from({ length: PODS }, (_, number) => `pod-${number}`)
  const reach = (stage: 'ready' | 'gone') => Promise.all(names.map((name) => server.until(name, stage)))
  const usedBefore = processorSeconds(server.pid)
  const up = await timed(async () => {
    await Promise.all(names.map((name) => server.create(withoutInit(name))))
    await reach('ready')
  })
  add('all created → all Ready', 's', up.ms / 1000)
  add('processor time for that', 's', processorSeconds(server.pid) - usedBefore)
  await delay(SETTLE_MS, undefined, { signal: bench.signal })
  const idleBefore = processorSeconds(server.pid)
  await delay(IDLE_MS, undefined, { signal: bench.signal })
  add('idle: processor', '%', ((processorSeconds(server.pid) - idleBefore) / IDLE_MS) * 100_000)
  const fullMb = residentMemoryMb(server.pid) ?? NaN
  add('idle: server', 'MB', fullMb)
  add('idle: server, for each pod', 'MB', (fullMb - emptyMb) / PODS)
  const conmons = findProcesses('conmon', bench.stateDirectory).map((pid) => proportionalMemoryMb(pid) ?? 0)
  add('idle: conmon, for each pod', 'MB', conmons.reduce((sum, mb) => sum + mb, 0) / PODS)
  const down = await timed(async () => {
    await Promise.all(names.map((name) => server.delete(name)))
    await reach('gone')
  })
  add('all deleted → all gone', 's', down.ms / 1000)
}
