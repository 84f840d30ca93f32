import type { RequestListener, Server } from 'node:http'
import type { ServerOptions } from 'node:https'
import { Failure } from '../../failure.ts'
import type { AuthorityFiles } from './access/authority-files.ts'
import { listenOnTls, type TlsAddress, type TlsListener } from './listen-on-tls.ts'

/** How clients that come over the network reach the server. */
export interface RemoteOptions {
  readonly files: AuthorityFiles
  /** It listens on the first of these that nobody else has. */
  readonly addresses: readonly TlsAddress[]
  /** Other addresses of the machine on which it listens at the same port, where it can. */
  readonly moreHosts: readonly string[]
}

export interface OpenRemote {
  readonly servers: readonly Server[]
  readonly address: TlsAddress
}

interface Listening {
  readonly limits: ServerOptions
  readonly listener: RequestListener
  readonly log: (line: string) => void
}

/** @throws Failure SetupFailed when none of the addresses is free */
export async function openRemote({ files, addresses, moreHosts }: RemoteOptions, how: Listening): Promise<OpenRemote> {
  const { host, listening } = await listenOnFirst(addresses, files, how)
  const { port } = listening
  const servers = [listening.server]
  for (const other of moreHosts) {
    try {
      servers.push((await listenOnTls({ host: other, port }, files, how)).server)
    } catch (thrown) {
      if (!(thrown instanceof Failure)) throw thrown
      how.log(`${thrown.message}; clients on that address do not reach the server`)
    }
  }
  return { servers, address: { host, port } }
}

async function listenOnFirst(
  addresses: readonly TlsAddress[],
  files: AuthorityFiles,
  how: Listening,
): Promise<{ readonly host: string; readonly listening: TlsListener }> {
  for (const [index, address] of addresses.entries()) {
    try {
      return { host: address.host, listening: await listenOnTls(address, files, how) }
    } catch (thrown) {
      const isTaken = thrown instanceof Failure && thrown.details?.['isTaken'] === true
      if (!isTaken || index === addresses.length - 1) throw thrown
    }
  }
  throw new TypeError('a server needs an address to listen on')
}
