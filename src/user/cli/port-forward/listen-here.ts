import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { Failure, messageOf } from '../../../failure.ts'

/** Ports of this machine on which a command listens. */
export interface LocalListener {
  /** `127.0.0.1:8080`, `[::1]:8080` */
  readonly shown: string
  readonly port: number
  readonly server: Server
}

/**
 * Listens on each address. `localhost` is 127.0.0.1 and, where there is IPv6, ::1.
 *
 * @param port 0: any free one, the same on all addresses.
 * @throws Failure SystemCallFailed when one cannot be had.
 */
export async function listenHere(
  addresses: readonly string[],
  port: number,
  onConnection: (socket: Socket, port: number) => void,
): Promise<readonly LocalListener[]> {
  const listeners: LocalListener[] = []
  const open = async (address: string, need: 'needed' | 'welcome'): Promise<void> => {
    const wanted = port === 0 ? (listeners[0]?.port ?? 0) : port
    // A client that has said everything may still listen.
    const server = createServer({ allowHalfOpen: true })
    try {
      server.listen(wanted, address)
      await once(server, 'listening')
    } catch (cause) {
      if (need === 'welcome') return
      const where = `${shownHost(address)}:${wanted}`
      throw new Failure('SystemCallFailed', `listen on ${where}: ${messageOf(cause)}; name another local port`, {
        cause,
      })
    }
    const bound = (server.address() as AddressInfo).port
    server.on('connection', (socket) => onConnection(socket, bound))
    listeners.push({ shown: `${shownHost(address)}:${bound}`, port: bound, server })
  }
  try {
    for (const address of addresses) {
      if (address !== 'localhost') await open(address, 'needed')
      else {
        await open('127.0.0.1', 'needed')
        await open('::1', 'welcome')
      }
    }
  } catch (error) {
    for (const { server } of listeners) server.close()
    throw error
  }
  return listeners
}

function shownHost(address: string): string {
  return address.includes(':') ? `[${address}]` : address
}
