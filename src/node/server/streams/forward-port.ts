import type { Duplex, Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { messageOf } from '../../../failure.ts'
import type { Pod } from '../../../kube/api/pod.ts'
import type { PodDialer } from '../pod-streams.ts'

/**
 * Joins a client with a port of the pod. Each direction ends for itself: when the pod has said everything, clients take the
 * connection for over, but may still send.
 *
 * @returns when the pod has ended its side: what went wrong, in the words of a Kubernetes node; undefined when nothing did.
 */
export async function forwardPort(
  pod: Pod,
  dial: PodDialer,
  { port, from, to }: { readonly port: number; readonly from: Readable; readonly to: Writable },
): Promise<string | undefined> {
  let connection: Duplex
  try {
    connection = await dial(port)
  } catch (thrown) {
    // A node names the sandbox here, and knows no other UID.
    return `error forwarding port ${port} to pod ${pod.metadata.uid}, uid : ${messageOf(thrown)}`
  }
  // A side that breaks takes the other one along; what was sent until then has arrived.
  pipeline(from, connection).catch(() => undefined)
  await pipeline(connection, to).catch(() => undefined)
  return undefined
}

/** @returns undefined for what is no port. */
export function parsePort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  return port >= 1 && port <= 65_535 ? port : undefined
}
