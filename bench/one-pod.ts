import { type BarePod, type BarePods, openBarePods } from './bare-pods.ts'
import { busyboxLayer } from './busybox-layer.ts'
import { type Contender, measureInTurn } from './measure.ts'
import { type PeapodServer, startPeapodServer } from './peapod-server.ts'
import { referencePod } from './reference-pod.ts'
import { PEAPOD, type Scenario } from './scenario.ts'
import { timeUpAndDown, WHOLE } from './steps.ts'

const ROUNDS = 15
const BARE = 'bare script'

export const onePod: Scenario = {
  letter: 'a',
  title: 'The reference pod against a script of bare runtime calls',
  async run(bench) {
    await using bare = await openBarePods(bench, await busyboxLayer(bench))
    await using server = await startPeapodServer(bench)
    const contenders = [peapodContender(server), bareContender(bare)]
    return {
      measured: await measureInTurn(contenders, { rounds: bench.rounds(ROUNDS), unit: 'ms', signal: bench.signal }),
      notes: [
        `Both use ${bench.runtime.runtimeKind} and the same layer. The server runs already; peapod's time is from the create request on its socket to the DELETED event of a watch.`,
        'The script does without what peapod does for each pod: logs, a supervisor (conmon) for each container, seccomp, shared /dev/shm and IPC, hosts and resolv.conf files, checked manifests, a status that is watched, events.',
      ],
      targets: [{ step: WHOLE, contender: BARE, atMost: 1.5 }],
    }
  },
}

/** A pod up and down, by a server that runs. */
export function peapodContender(server: PeapodServer, manifest = referencePod): Contender {
  let pods = 0
  return {
    name: PEAPOD,
    run() {
      pods += 1
      const name = `reference-${pods}`
      const up = async () => {
        await server.create(manifest(name))
        await server.until(name, 'running')
      }
      const down = async () => {
        await server.delete(name)
        await server.until(name, 'gone')
      }
      return timeUpAndDown(up, down)
    },
  }
}

function bareContender(bare: BarePods): Contender {
  return {
    name: BARE,
    run() {
      let pod: BarePod | undefined
      const up = async () => (pod = await bare.up())
      return timeUpAndDown(up, async () => pod?.down())
    },
  }
}
