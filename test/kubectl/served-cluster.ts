import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Need, unlessThereIs } from '../needs.ts'
import { ServedPeapod } from '../real/serve-peapod.ts'
import { openStateDirectory } from '../real/state-directory.ts'
import { findKubectls, Kubectl, type KubectlProgram } from './kubectl.ts'

const LAUNCHER = join(import.meta.dirname, '..', '..', 'peapod')
const NEEDS: readonly Need[] = ['root', 'overlay', 'oci-runtime', 'conmon', 'nft', 'busybox']

/** For suites whose clients are the official library alone. */
export const realCluster = { skip: unlessThereIs(...NEEDS) }
export const realKubectl = { skip: unlessThereIs(...NEEDS, 'kubectl') }

/** The oldest and the newest kubectl of this machine: what both can, those between them can. */
export function oldestAndNewest(): readonly KubectlProgram[] {
  const all = realKubectl.skip === false ? findKubectls() : []
  return all.filter((_program, index) => index === 0 || index === all.length - 1)
}

/** A `peapod serve` as its users reach it: over TLS, by what `peapod kubeconfig` prints. */
export class ServedCluster {
  readonly server: ServedPeapod
  readonly kubeconfig: string
  readonly #directory: Awaited<ReturnType<typeof openStateDirectory>>
  readonly #kubectls: Kubectl[] = []

  private constructor(directory: Awaited<ReturnType<typeof openStateDirectory>>) {
    this.#directory = directory
    this.server = new ServedPeapod({ stateDirectory: directory.path, args: ['--listen', '127.0.0.1:0'] })
    this.kubeconfig = join(directory.path, 'kubeconfig.yaml')
  }

  static async open(): Promise<ServedCluster> {
    const cluster = new ServedCluster(await openStateDirectory())
    cluster.server.start()
    await cluster.server.ready()
    const printed = await promisify(execFile)(LAUNCHER, ['kubeconfig', '--state-dir', cluster.server.stateDirectory])
    await writeFile(cluster.kubeconfig, printed.stdout, { mode: 0o600 })
    return cluster
  }

  kubectl(program: KubectlProgram): Kubectl {
    const kubectl = new Kubectl(program, this)
    this.#kubectls.push(kubectl)
    return kubectl
  }

  /** Shows that the server ends well and leaves nothing behind. */
  async close(): Promise<void> {
    for (const kubectl of this.#kubectls) kubectl[Symbol.dispose]()
    try {
      await this.server.close()
    } catch (error) {
      await this.server.abandon()
      throw error
    } finally {
      await this.#directory[Symbol.asyncDispose]()
    }
  }
}
