import { execFile } from 'node:child_process'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Need, unlessThereIs } from '../needs.ts'
import { ServedPeapod } from '../real/serve-peapod.ts'
import { openStateDirectory } from '../real/state-directory.ts'
import { findKubectls, Kubectl, type KubectlProgram } from './kubectl.ts'

const LAUNCHER = join(import.meta.dirname, '..', '..', 'peapod')
/** A free port; containers that end come back soon. */
const SERVE_ARGS = ['--listen', '127.0.0.1:0', '--restart-backoff=fast']
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
  readonly #kubectls: (readonly [Kubectl, namespace: string])[] = []

  private constructor(directory: Awaited<ReturnType<typeof openStateDirectory>>) {
    this.#directory = directory
    this.server = new ServedPeapod({ stateDirectory: directory.path, args: SERVE_ARGS })
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

  /** A kubectl that works in a namespace of its own, which it makes; the namespace goes with the cluster. */
  async kubectlIn(namespace: string, program: KubectlProgram): Promise<Kubectl> {
    const kubeconfig = join(this.server.stateDirectory, `${namespace}.yaml`)
    await copyFile(this.kubeconfig, kubeconfig)
    const kubectl = new Kubectl(program, { kubeconfig })
    this.#kubectls.push([kubectl, namespace])
    await kubectl.ok(`config set-context --current --namespace=${namespace}`)
    await kubectl.ok('create -f', kubectl.file('namespace.json', namespaceCalled(namespace)))
    return kubectl
  }

  /** Shows that the server ends well and leaves nothing behind. */
  async close(): Promise<void> {
    try {
      await Promise.all(this.#kubectls.map(([kubectl, namespace]) => kubectl.ok(`delete namespace ${namespace}`)))
      await this.server.close()
    } catch (error) {
      await this.server.abandon()
      throw error
    } finally {
      for (const [kubectl] of this.#kubectls) kubectl[Symbol.dispose]()
      await this.#directory[Symbol.asyncDispose]()
    }
  }
}

function namespaceCalled(name: string): object {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
}
