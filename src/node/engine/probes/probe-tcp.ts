import { dialMessage, dialTimeout, hostAndPort } from './dial-message.ts'
import type { ProbeFinding, ProbeLimits } from './probe-finding.ts'

const { connect } = process.getBuiltinModule('node:net')

/** A connection that is accepted is success, whatever becomes of it (P10). */
export function probeTcp(
  target: { readonly host: string; readonly port: number },
  limits: ProbeLimits,
): Promise<ProbeFinding> {
  const address = hostAndPort(target.host, target.port)
  return new Promise((resolve) => {
    const socket = connect({ host: target.host, port: target.port })
    const finish = (finding: ProbeFinding) => {
      clearTimeout(limit)
      limits.signal.removeEventListener('abort', onAbort)
      socket.destroy()
      resolve(finding)
    }
    const onAbort = () => finish({ is: 'error', message: 'context canceled' })
    const limit = setTimeout(
      () => finish({ is: 'failure', message: dialTimeout(address) }),
      limits.timeoutSeconds * 1000,
    )
    limits.signal.addEventListener('abort', onAbort)
    socket.once('connect', () => finish({ is: 'success' }))
    // Stays: what a destroyed socket has still to say must not end the program.
    socket.on('error', (error) => finish({ is: 'failure', message: dialMessage(address, error) }))
  })
}
