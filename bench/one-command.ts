import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { busyboxLayer } from './busybox-layer.ts'
import { type Contender, measureInTurn, timed } from './measure.ts'
import { type PeapodServer, startPeapodServer } from './peapod-server.ts'
import { briefPod } from './reference-pod.ts'
import { PEAPOD, type Scenario } from './scenario.ts'
import { runProgram } from './run-program.ts'

const ROUNDS = 12
const STEP = 'whole'

export const oneCommand: Scenario = {
  letter: 'd',
  title: '`peapod run` of a pod that runs `true`, against the same pod in a server that runs',
  async run(bench) {
    await busyboxLayer(bench)
    await using server = await startPeapodServer(bench)
    const manifest = join(bench.directory, 'brief.json')
    writeFileSync(manifest, JSON.stringify(briefPod('brief')))
    const command = [join(bench.home, 'peapod'), 'run', '--state-dir', bench.stateDirectory, manifest]
    const node = [process.execPath, '-e', '0']
    const contenders: Contender[] = [
      { name: PEAPOD, run: async () => ({ [STEP]: (await timed(() => runProgram(command))).ms }) },
      serverContender(server),
      { name: 'node -e 0', run: async () => ({ [STEP]: (await timed(() => runProgram(node))).ms }) },
    ]
    return {
      measured: await measureInTurn(contenders, { rounds: bench.rounds(ROUNDS), unit: 'ms', signal: bench.signal }),
      notes: [
        '`peapod run` is a whole process: launcher, Node, a server of its own, the network of pods made and removed, the pod, everything removed. The server has its network; it is timed from the create request to the DELETED event, with a delete request once the pod has Succeeded.',
      ],
      targets: [],
    }
  },
}

function serverContender(server: PeapodServer): Contender {
  let pods = 0
  const runBrief = async () => {
    pods += 1
    const name = `brief-${pods}`
    await server.create(briefPod(name))
    await server.until(name, 'succeeded')
    await server.delete(name)
    await server.until(name, 'gone')
  }
  return {
    name: 'in a server that runs',
    async run() {
      // The command before took the network away with it: this one makes it again.
      await runBrief()
      return { [STEP]: (await timed(runBrief)).ms }
    },
  }
}
