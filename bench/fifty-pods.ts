import { setTimeout as delay } from 'node:timers/promises'
import { type BarePod, type BarePods, openBarePods } from './bare-pods.ts'
import { busyboxLayer } from './busybox-layer.ts'
import { childrenSeconds, type Contender, measureInTurn, processorSeconds, timed } from './measure.ts'
import { type PeapodServer, startPeapodServer } from './peapod-server.ts'
import { referencePod } from './reference-pod.ts'
import { PEAPOD, type Scenario } from './scenario.ts'

const ROUNDS = 3
const PODS = 50
/** The best that the scripts do on two processors. */
const SCRIPTS_AT_ONCE = 4
/** As for one pod: until the last shell has set its trap. */
const SETTLE_MS = 500

export const fiftyPods: Scenario = {
  letter: 'c',
  title: `${PODS} reference pods at once`,
  async run(bench) {
    await using bare = await openBarePods(bench, await busyboxLayer(bench))
    await using server = await startPeapodServer(bench)
    const contenders = [peapodContender(server), scriptsContender(bare)]
    return {
      measured: await measureInTurn(contenders, { rounds: bench.rounds(ROUNDS), unit: 's', signal: bench.signal }),
      notes: [
        `peapod gets all ${PODS} requests at once; of the scripts ${SCRIPTS_AT_ONCE} run at a time, all pods up first, then all down.`,
        'Processor time is of the server and all its ended children (conmon, the runtime), and of the scripts and all they called; not counted is what the first process of a container did that the script started detached.',
      ],
      targets: [],
    }
  },
}

function peapodContender(server: PeapodServer): Contender {
  let rounds = 0
  return {
    name: PEAPOD,
    run() {
      rounds += 1
      const names = Array.from({ length: PODS }, (_, number) => `pod-${rounds}-${number}`)
      const reach = (stage: 'running' | 'gone') => Promise.all(names.map((name) => server.until(name, stage)))
      return timeAll({
        up: async () => {
          await Promise.all(names.map((name) => server.create(referencePod(name))))
          await reach('running')
        },
        down: async () => {
          await Promise.all(names.map((name) => server.delete(name)))
          await reach('gone')
        },
        usedSeconds: () => processorSeconds(server.pid),
      })
    },
  }
}

function scriptsContender(bare: BarePods): Contender {
  return {
    name: 'bare scripts',
    run() {
      const pods: BarePod[] = []
      return timeAll({
        up: () => inParallel(Array.from({ length: PODS }, () => async () => void pods.push(await bare.up()))),
        down: () => inParallel(pods.map((pod) => () => pod.down())),
        usedSeconds: childrenSeconds,
      })
    },
  }
}

async function timeAll(way: {
  readonly up: () => Promise<void>
  readonly down: () => Promise<void>
  readonly usedSeconds: () => number
}) {
  const usedBefore = way.usedSeconds()
  const up = await timed(way.up)
  await delay(SETTLE_MS)
  const down = await timed(way.down)
  return {
    'all created → all running': up.ms / 1000,
    'all deleted → all gone': down.ms / 1000,
    whole: (up.ms + down.ms) / 1000,
    'processor time': way.usedSeconds() - usedBefore,
  }
}

async function inParallel(tasks: readonly (() => Promise<unknown>)[]): Promise<void> {
  const left = [...tasks]
  const work = async () => {
    for (let task = left.shift(); task !== undefined; task = left.shift()) await task()
  }
  await Promise.all(Array.from({ length: SCRIPTS_AT_ONCE }, work))
}
