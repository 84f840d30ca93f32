import type { AcceptedSocket } from './channel-socket.ts'

/** The subprotocols for the bytes of a log, which need no channels. */
export const LOG_SUBPROTOCOLS: readonly string[] = ['binary.k8s.io', 'base64.binary.k8s.io', '']

/** Sends a log as it is read, then closes the connection. */
export async function logOverWebSocket(
  { socket, protocol }: AcceptedSocket,
  bytes: AsyncIterable<string | Uint8Array>,
): Promise<void> {
  socket.on('error', () => undefined)
  // Nothing of what the client says is asked for; unread, it would hide the end of the connection.
  socket.on('message', () => undefined)
  for await (const part of bytes) {
    const data = Buffer.from(part as Uint8Array)
    const isText = protocol.startsWith('base64.')
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.send(isText ? data.toString('base64') : data, (error) => resolve(!error))
    })
    if (!isOpen) return
  }
  socket.close(1000)
}
