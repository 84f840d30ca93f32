import type { RequestListener, Server } from 'node:http'
import type { ServerOptions } from 'node:https'
import { Failure, messageOf } from '../../failure.ts'
import type { AuthorityFiles } from './access/authority-files.ts'

// As for node:http: importing it as a module evaluates much that nobody needs.
const { createServer } = process.getBuiltinModule('node:https')

export interface TlsAddress {
  /** A name or an address of the machine. */
  readonly host: string
  /** 0 for any that is free. */
  readonly port: number
}

export interface TlsListener {
  readonly server: Server
  readonly port: number
}

/**
 * Listens for clients that come with a certificate of the authority, with a token, or as nobody.
 *
 * @throws Failure SetupFailed, with AddressInUse in its details when another program listens there
 */
export async function listenOnTls(
  { host, port }: TlsAddress,
  { authority, server: shown }: Pick<AuthorityFiles, 'authority' | 'server'>,
  { limits, listener }: { readonly limits: ServerOptions; readonly listener: RequestListener },
): Promise<TlsListener> {
  const tls = { key: shown.key, cert: shown.cert, ca: authority, minVersion: 'TLSv1.2' } as const
  // Who has no certificate may still have a token: that is found out for each request.
  const server = createServer({ ...limits, ...tls, requestCert: true, rejectUnauthorized: false }, listener)
  // A handshake that fails is the client's matter.
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', (thrown) => reject(cannotListen({ host, port }, thrown)))
    server.listen(port, host, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
  const address = server.address()
  return { server, port: typeof address === 'object' && address !== null ? address.port : port }
}

function cannotListen({ host, port }: TlsAddress, thrown: unknown): Failure {
  const isTaken = thrown instanceof Error && 'code' in thrown && thrown.code === 'EADDRINUSE'
  const remedy = isTaken ? 'another program listens there; choose another port with --listen' : messageOf(thrown)
  return new Failure('SetupFailed', `listen on ${host}:${port}: ${remedy}`, {
    cause: thrown,
    details: { isTaken },
  })
}
