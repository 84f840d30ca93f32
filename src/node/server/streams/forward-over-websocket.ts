import type { Pod } from '../../../kube/api/pod.ts'
import type { PodDialer } from '../pod-streams.ts'
import { type AcceptedSocket, type ChannelFormat, ChannelSocket } from './channel-socket.ts'
import { forwardPort } from './forward-port.ts'

/** The subprotocols that carry one connection to each port of the request, without SPDY. */
export const FORWARD_SUBPROTOCOLS: Readonly<Record<string, ChannelFormat>> = {
  'v4.channel.k8s.io': { encoding: 'binary', closes: false },
  'v4.base64.channel.k8s.io': { encoding: 'base64', closes: false },
  '': { encoding: 'binary', closes: false },
}

/**
 * Forwards one connection to each port: two channels each, one for its bytes and one for what goes wrong. The first two
 * bytes of each channel are the number of its port. A channel can't be ended, so the WebSocket ends with the last connection.
 */
export async function forwardOverWebSocket(
  { socket, protocol }: AcceptedSocket,
  pod: Pod,
  { dial, ports }: { readonly dial: PodDialer; readonly ports: readonly number[] },
): Promise<void> {
  const format = FORWARD_SUBPROTOCOLS[protocol]
  if (format === undefined) throw new Error(`subprotocol ${protocol} was accepted and is not known`)
  const channels = new ChannelSocket(socket, format)
  const forwarding = ports.map(async (port, index) => {
    const number = Buffer.alloc(2)
    number.writeUInt16LE(port)
    const [dataChannel, errorChannel] = [2 * index, 2 * index + 1]
    const [from, to] = [channels.reader(dataChannel), channels.writer(dataChannel)]
    for (const channel of [dataChannel, errorChannel]) channels.send(channel, number)
    const problem = await forwardPort(pod, dial, { port, from, to })
    if (problem !== undefined) channels.send(errorChannel, Buffer.from(problem))
  })
  await Promise.all(forwarding)
  channels.close()
}
