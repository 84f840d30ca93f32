import type { Socket } from 'node:net'
import { Failure, messageOf } from '../../../failure.ts'
import type { Pod } from '../../../kube/api/pod.ts'
import { PODS } from '../../client/resource-type.ts'
import { openForward } from '../../client/streams/open-forward.ts'
import type { Invocation } from '../command.ts'
import { withInterrupt } from '../interrupt.ts'
import { openCluster, type Cluster } from '../open-cluster.ts'
import { writeText } from '../output.ts'
import { findPod } from '../streams/find-pods.ts'
import { forwardConnection } from './forward-connection.ts'
import { parseForwardedPort } from './forwarded-ports.ts'
import { listenHere, type LocalListener } from './listen-here.ts'

/** `peapod port-forward`: see its declaration for what it promises. */
export async function portForward(invocation: Invocation): Promise<number> {
  const { flags, operands, environment } = invocation
  const [operand = '', ...texts] = operands
  using cluster = await openCluster(invocation)
  const pod = await findPod(cluster, operand)
  const ports = texts.map((text) => parseForwardedPort(text, pod))
  const addresses = flags.texts('address').flatMap((text) => text.split(','))
  const phase = pod.status?.phase ?? 'Unknown'
  if (phase !== 'Running') {
    const name = JSON.stringify(pod.metadata.name)
    throw new Failure('Conflict', `forward a port of pod ${name}: it is not running (${phase}); wait until it is`)
  }
  try {
    await withInterrupt(environment, async (signal) => {
      const forwarding = new Forwarding(cluster, pod, { invocation, signal })
      try {
        await forwarding.check()
        for (const { local, remote } of ports) {
          await forwarding.listen(addresses.length === 0 ? ['localhost'] : addresses, local, remote)
        }
        await untilPodIsOver(cluster, pod, signal)
      } finally {
        forwarding.close()
      }
    })
  } catch (error) {
    // Ctrl-C is how it is meant to end.
    if (error instanceof Failure && error.details?.['signal'] === 'SIGINT') return 0
    throw error
  }
  return 0
}

interface ForwardingOptions {
  readonly invocation: Invocation
  readonly signal: AbortSignal
}

class Forwarding {
  readonly #cluster: Cluster
  readonly #pod: { readonly namespace: string; readonly name: string }
  readonly #options: ForwardingOptions
  readonly #listeners: LocalListener[] = []
  readonly #sockets = new Set<Socket>()

  constructor(cluster: Cluster, { metadata }: Pod, options: ForwardingOptions) {
    this.#cluster = cluster
    this.#pod = { namespace: metadata.namespace, name: metadata.name }
    this.#options = options
  }

  /** Whoever may not forward learns it now, and not at the first connection. */
  async check(): Promise<void> {
    const { signal } = this.#options
    const forward = await openForward(this.#cluster.endpoint, { pod: this.#pod, signal })
    forward.close()
  }

  async listen(addresses: readonly string[], local: number, remote: number): Promise<void> {
    const { stdout } = this.#options.invocation.environment
    const listeners = await listenHere(addresses, local, (socket, port) => void this.#take(socket, port, remote))
    this.#listeners.push(...listeners)
    await writeText(stdout, listeners.map(({ shown }) => `Forwarding from ${shown} -> ${remote}\n`).join(''))
  }

  close(): void {
    for (const { server } of this.#listeners) server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  async #take(socket: Socket, local: number, remote: number): Promise<void> {
    const { invocation, signal } = this.#options
    const { stdout, stderr } = invocation.environment
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    // A client that breaks its connection is told of by its close.
    socket.on('error', () => undefined)
    this.#say(stdout, `Handling connection for ${local}`)
    const wanted = { endpoint: this.#cluster.endpoint, pod: this.#pod, signal }
    const problem = await forwardConnection(socket, remote, wanted).catch(messageOf)
    if (problem === '' || signal.aborted) return
    this.#say(stderr, `an error occurred forwarding ${local} -> ${remote}: ${problem}`)
  }

  /** Forwarding goes on when nobody reads what is said of it. */
  #say(to: Invocation['environment']['stdout'], text: string): void {
    writeText(to, `${text}\n`).catch(() => undefined)
  }
}

/** @throws Failure when it is; the signal's reason. */
async function untilPodIsOver({ client }: Cluster, { metadata }: Pod, signal: AbortSignal): Promise<void> {
  const { namespace, name, uid } = metadata
  const options = { namespace, fieldSelector: `metadata.name=${name}`, signal }
  for await (const { type, object } of client.watch(PODS, options)) {
    const phase = object.status?.phase
    const isOver = phase === 'Succeeded' || phase === 'Failed'
    if (type !== 'DELETED' && object.metadata.uid === uid && !isOver) continue
    const why = isOver ? `it is over (${phase})` : 'it was deleted'
    throw new Failure('NotFound', `lost connection to pod ${JSON.stringify(name)}: ${why}`)
  }
  signal.throwIfAborted()
}
