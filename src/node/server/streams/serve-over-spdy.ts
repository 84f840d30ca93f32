import type { Duplex } from 'node:stream'
import { Failure, messageOf } from '../../../failure.ts'
import { methodNotAllowed } from '../status.ts'
import type { ServerParts } from '../server-parts.ts'
import { COMMAND_VERSIONS, commandOverSpdy } from './command-over-spdy.ts'
import { forwardOverSpdy } from './forward-over-spdy.ts'
import { refuseUpgrade, type StreamToServe, type Upgrade } from './handle-upgrade.ts'
import { negotiate } from './upgrade-protocol.ts'

/** The one way of forwarding ports over SPDY; clients that name none mean this one. */
const FORWARD_VERSION = 'portforward.k8s.io'

/** @throws Failure before the connection is upgraded */
export async function serveOverSpdy(parts: ServerParts, { upgrade, request }: StreamToServe): Promise<void> {
  switch (request.is) {
    case 'exec':
    case 'attach': {
      const name = agree(upgrade, Object.keys(COMMAND_VERSIONS))
      const version = name === undefined ? undefined : COMMAND_VERSIONS[name]
      const begin = await askNode(upgrade.socket, () =>
        request.is === 'exec'
          ? parts.streams.exec(request.pod, request.options)
          : parts.streams.attach(request.pod, request.options),
      )
      if (name === undefined || version === undefined || begin === undefined) return
      const command = request.is === 'exec' ? request.options.command : []
      await commandOverSpdy(switchProtocols(upgrade, name), version, { begin, command, options: request.options })
      return
    }
    case 'portforward': {
      const name = agree(upgrade, [FORWARD_VERSION])
      const dial = await askNode(upgrade.socket, () => parts.streams.portForward(request.pod))
      if (name === undefined || dial === undefined) return
      await forwardOverSpdy(switchProtocols(upgrade, name), request.pod, dial)
      return
    }
    case 'log':
      throw methodNotAllowed()
  }
}

/** @returns undefined after a refusal in the words of a Kubernetes node: the client shows them as they are. */
function agree({ incoming, socket }: Upgrade, known: readonly string[]): string | undefined {
  try {
    return negotiate(incoming.headers['x-stream-protocol-version'], known)
  } catch (thrown) {
    const headers = known.map((name) => `X-Accepted-Stream-Protocol-Versions: ${name}`)
    refuseUpgrade(socket, { code: 403, contentType: 'text/plain; charset=utf-8', body: messageOf(thrown), headers })
    return undefined
  }
}

/** What the node itself refuses, the API server passes on as it is: plain words, and no Status. */
async function askNode<T>(socket: Duplex, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown
    refuseUpgrade(socket, { code: 500, contentType: 'text/plain; charset=utf-8', body: `${thrown.message}\n` })
    return undefined
  }
}

function switchProtocols({ socket, head }: Upgrade, version: string): Duplex {
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n' +
      `X-Stream-Protocol-Version: ${version}\r\n\r\n`,
  )
  if (head.length > 0) socket.unshift(head)
  return socket
}
