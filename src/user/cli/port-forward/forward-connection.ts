import type { Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import type { OpenEndpoint } from '../../client/endpoint.ts'
import { openForward, type PortWanted } from '../../client/streams/open-forward.ts'

/**
 * Joins a connection with a port of a pod until the pod has said everything: clients take it for over then.
 *
 * @returns what went wrong on the pod's side, in the server's words; '' when nothing did.
 * @throws Failure when the server cannot be reached, or refuses.
 */
export async function forwardConnection(
  socket: Socket,
  port: number,
  { endpoint, ...wanted }: PortWanted & { readonly endpoint: OpenEndpoint },
): Promise<string> {
  try {
    const forward = await openForward(endpoint, wanted)
    const { data, problem } = forward.connect(port)
    // A side that breaks takes the other one along; what was sent until then has arrived.
    pipeline(socket, data).catch(() => undefined)
    const answered = pipeline(data, socket).catch(() => undefined)
    const words = await problem
    // There is nothing at the other end that could say anything more.
    if (words !== '') data.destroy()
    await answered
    data.destroy()
    return words
  } finally {
    socket.destroy()
  }
}
