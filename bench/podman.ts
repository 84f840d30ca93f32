import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../src/failure.ts'
import { busyboxLayer } from './busybox-layer.ts'
import { type Contender, measureInTurn, median, timed } from './measure.ts'
import { peapodContender } from './one-pod.ts'
import { startPeapodServer } from './peapod-server.ts'
import { missingForPodman, openPodmanBox, type PodmanBox } from './podman-box.ts'
import { referencePod, withoutInit } from './reference-pod.ts'
import type { Scenario } from './scenario.ts'
import { DOWN, timeUpAndDown, UP, WHOLE } from './steps.ts'

const ROUNDS = 8
/** Longer than anything but that pause takes. */
const PATIENT_REMOVAL_MS = 2_000
const PODMAN = 'podman kube play'

export const podman: Scenario = {
  letter: 'b',
  title: 'The reference pod against podman kube play and kube down',
  async run(bench) {
    const missing = missingForPodman()
    if (missing !== undefined) return { skipped: missing }
    await busyboxLayer(bench)
    await using box = await openPodmanBox(bench)
    await using server = await startPeapodServer(bench)
    const { signal } = bench
    const stalls = waitsForInitContainers(await box.podman(['--version']))
    const manifest = stalls ? withoutInit : referencePod
    const contenders = [peapodContender(server, manifest), podmanContender(box, bench.directory, manifest)]
    const notes = [
      'podman runs in namespaces of its own with the same runtime and image, and its default network for pods; each command is a whole process.',
    ]
    if (stalls) notes.push(await tryInitContainer(box, bench.directory))
    const measured = await measureInTurn(contenders, { rounds: bench.rounds(ROUNDS), unit: 'ms', signal })
    const downs = measured.filter(({ step, contender }) => step === DOWN && contender === PODMAN)
    if (downs.some(({ values }) => median(values) > PATIENT_REMOVAL_MS)) {
      notes.push('Most of podman kube down is 3 s that it waits, at the end, to remove the cgroup of the pod.')
    }
    return { measured, notes, targets: [UP, WHOLE].map((step) => ({ step, contender: PODMAN, atMost: 1 / 3 })) }
  },
}

async function tryInitContainer(box: PodmanBox, directory: string): Promise<string> {
  const why = 'Both run the pod without its init container: this podman (before 4.4) waits 20 s for each one'
  try {
    const { ms } = await timed(() => podmanContender(box, directory, referencePod).run())
    return `${why}. With it, podman took ${(ms / 1000).toFixed(1)} s once.`
  } catch (error) {
    await box.podman(['pod', 'rm', '--all', '--force'])
    return `${why}, and then may fail. With it, podman once said: "${messageOf(error).split(': ').slice(-1).join('')}".`
  }
}

function podmanContender(box: PodmanBox, directory: string, manifest: typeof referencePod): Contender {
  const file = join(directory, 'podman-pod.json')
  return {
    name: PODMAN,
    run() {
      writeFileSync(file, JSON.stringify(manifest('reference')))
      const up = () => box.podman(['kube', 'play', '--quiet', file])
      const down = () => box.podman(['kube', 'down', file])
      return timeUpAndDown(up, down)
    },
  }
}

/** A pod's cleanup and its start waited for each other until podman 4.4. */
function waitsForInitContainers(versionText: string): boolean {
  const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(versionText) ?? []
  return Number(major) < 4 || (Number(major) === 4 && Number(minor) < 4)
}
