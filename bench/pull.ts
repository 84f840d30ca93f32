import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { unmountBelow } from '../src/machine/linux/mounts-below.ts'
import { removeTree } from '../src/machine/linux/remove-tree.ts'
import { startDockerRegistry } from '../src/machine/image/testing/docker-registry.ts'
import { findProgram } from '../src/machine/process/find-program.ts'
import { makeBigImage } from './big-image.ts'
import { type Contender, measureInTurn, timed } from './measure.ts'
import { runProgram } from './run-program.ts'
import { PEAPOD, type Scenario } from './scenario.ts'
import type { Workbench } from './workbench.ts'

const ROUNDS = 4
const STEP = 'pull'
const UNPACKING = 'skopeo copy containers-storage:'
const MB = 1_000_000

export const pull: Scenario = {
  letter: 'e',
  title: 'Pull of a large image from a registry on loopback into an empty store',
  async run(bench) {
    const missing = ['docker-registry', 'skopeo'].filter((program) => findProgram(program) === undefined)
    if (missing.length > 0) return { skipped: `not installed: ${missing.join(', ')}` }
    const image = await makeBigImage()
    const sizeMb = [...image.blobs.values()].reduce((sum, blob) => sum + blob.length, 0) / MB
    await using registry = await startDockerRegistry()
    await registry.upload('bench', 'big', image)
    const reference = `${registry.host}/bench:big`
    const contenders = [peapodPull(bench, reference), storagePull(bench, reference), plainPull(bench, reference)]
    return {
      measured: await measureInTurn(contenders, { rounds: bench.rounds(ROUNDS), unit: 's', signal: bench.signal }),
      notes: [
        `${sizeMb.toFixed(0)} MB compressed, ${image.diffIds.length} gzip layers. Whole processes. peapod and containers-storage: download, verify and unpack; oci: only downloads and verifies.`,
      ],
      targets: [{ step: STEP, contender: UNPACKING, atMost: 1 }],
    }
  },
}

function peapodPull(bench: Workbench, reference: string): Contender {
  return contender(bench, PEAPOD, (directory) => ({
    argv: [join(bench.home, 'peapod'), 'image', 'pull', '--state-dir', directory, reference],
  }))
}

function storagePull(bench: Workbench, reference: string): Contender {
  return contender(bench, UNPACKING, (directory) => ({
    argv: skopeoCopy(reference, `containers-storage:[overlay@${directory}/root+${directory}/run]bench:big`),
  }))
}

function plainPull(bench: Workbench, reference: string): Contender {
  return contender(bench, 'skopeo copy oci: (no unpacking)', (directory) => ({
    argv: skopeoCopy(reference, `oci:${directory}/oci:big`),
  }))
}

function skopeoCopy(reference: string, to: string): string[] {
  return ['skopeo', 'copy', '--quiet', '--src-tls-verify=false', `docker://${reference}`, to]
}

/** Into a fresh directory. What the others have written is on the disk before the clock starts. */
function contender(
  bench: Workbench,
  name: string,
  command: (directory: string) => { readonly argv: readonly string[] },
): Contender {
  const directory = join(bench.directory, 'pull')
  return {
    name,
    async run() {
      mkdirSync(directory)
      try {
        await runProgram(['sync', '--file-system', bench.directory])
        const { ms } = await timed(() => runProgram(command(directory).argv, { signal: bench.signal }))
        return { [STEP]: ms / 1000 }
      } finally {
        unmountBelow(directory)
        await removeTree(directory)
      }
    },
  }
}
