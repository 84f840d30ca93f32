import { createServer } from 'node:net'
import { once } from 'node:events'

/** Below the ports that the kernel gives to outgoing connections. */
const FIRST = 20_000
const COUNT = 10_000

/** A port of the machine that nobody listens on now. */
export async function freeHostPort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT)
    const server = createServer().listen(port, '0.0.0.0')
    try {
      await once(server, 'listening')
      return port
    } catch {
      // Taken: another one.
    } finally {
      server.close()
    }
  }
}
