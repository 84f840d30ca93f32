import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Where the server of a state directory listens for root. */
export function serverSocket(stateDirectory: string): string {
  return join(stateDirectory, 'instances', 'server', 'api.sock')
}

/** A server that was killed leaves its socket behind. */
export async function isAnswered(socketPath: string): Promise<boolean> {
  if (!existsSync(socketPath)) return false
  const socket = (await import('node:net')).connect(socketPath)
  return new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
  }).finally(() => socket.destroy())
}
