import type { Socket } from 'node:net'
import { Failure } from '../../../failure.ts'
import type { Pod } from '../../../kube/api/pod.ts'
import { connectInNamespace } from '../../../machine/linux/connect-in-namespace.ts'
import type { Engine } from '../engine.ts'

/**
 * Connects to ports of a pod's own `localhost`, IPv4 first, as a Kubernetes node does.
 *
 * @throws Failure NotFound when the pod has no network on this machine; the dialer in the words of a Kubernetes node
 */
export function forwardToPod(engine: Engine, pod: Pod): (port: number) => Promise<Socket> {
  const { uid } = pod.metadata
  networkOf(engine, pod)
  return async (port) => {
    // Asked again: the sandbox of a pod may be made anew.
    const network = networkOf(engine, pod)
    const refusals: string[] = []
    for (const family of ['IPv4', 'IPv6'] as const) {
      const connection = await connectInNamespace(network, { port, family })
      if (connection.is === 'connected') return connection.socket.setNoDelay(true)
      const tried = family === 'IPv4' ? `IPv4: dial tcp4 127.0.0.1:${port}` : `IPv6 dial tcp6 [::1]:${port}`
      refusals.push(`${tried}: connect: ${connection.answer}`)
    }
    throw new Failure(
      'ServiceUnavailable',
      `failed to execute portforward in network namespace ${JSON.stringify(network)}: ` +
        `failed to connect to localhost:${port} inside namespace ${JSON.stringify(uid)}, ${refusals.join(' ')}`,
    )
  }
}

function networkOf(engine: Engine, pod: Pod): string {
  const world = engine.world(pod.metadata.uid)
  const { sandbox } = world ?? {}
  if (world?.observations.seen.sandbox.is === 'ready' && sandbox !== undefined) return sandbox.namespaces.network
  throw new Failure('NotFound', `pod not found ("${pod.metadata.name}_${pod.metadata.namespace}")`)
}
