import { connect, type Socket } from 'node:net'
import { Failure } from '../../../failure.ts'
import type { Pod } from '../../../kube/api/pod.ts'
import type { Engine } from '../engine.ts'

const DIAL_LIMIT_MS = 30_000

/**
 * Connects to ports of a pod's own address: the one that it has on this machine, whatever somebody wrote into its status.
 *
 * @throws Failure BadRequest when it has none
 */
export function proxyToPod(engine: Engine, pod: Pod): (port: number) => Promise<Socket> {
  const { sandbox } = engine.world(pod.metadata.uid)?.observations.seen ?? {}
  const address = sandbox?.is === 'ready' ? sandbox.podIPs[0] : undefined
  if (address === undefined) throw new Failure('BadRequest', 'address not allowed')
  return (port) => dial(address, port)
}

function dial(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void =>
      reject(new Failure('ServiceUnavailable', `dial tcp ${host.includes(':') ? `[${host}]` : host}:${port}: ${why}`))
    const socket = connect({ host, port, noDelay: true })
    socket.setTimeout(DIAL_LIMIT_MS, () => {
      fail('i/o timeout')
      socket.destroy()
    })
    socket.once('connect', () => {
      socket.setTimeout(0)
      // From here on whoever has it hears of what breaks.
      socket.removeAllListeners()
      resolve(socket)
    })
    socket.once('error', (error: NodeJS.ErrnoException) =>
      fail(`connect: ${error.code === 'ECONNREFUSED' ? 'connection refused' : error.message}`),
    )
  })
}
