import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { hostname, networkInterfaces } from 'node:os'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { Failure, messageOf } from '../failure.ts'
import type { RemoteOptions } from '../node/server/open-remote.ts'
import type { TlsAddress } from '../node/server/listen-on-tls.ts'
import type { ListenOptions } from '../user/cli/cli-machine.ts'
import type { ServerAccess } from '../user/cli/kubeconfig/merge-kubeconfig.ts'
import { complain } from './program.ts'
import { serverSocket } from './server-socket.ts'

const DEFAULT_ADDRESS: TlsAddress = { host: '127.0.0.1', port: 6443 }
/** The names by which programs in pods know the API. */
const CLUSTER_NAMES = [
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
]
const NETWORK_LIMIT_MS = 10_000

interface RemoteWish {
  /** Of the server in the state directory. */
  readonly directory: string
  readonly listen: ListenOptions
  readonly signal: AbortSignal
}

interface ReachableServer {
  readonly remote: RemoteOptions
  /** The machine's address in the pods' network; undefined without one. */
  readonly gateway: string | undefined
}

/** Where clients reach the server, and what it shows them. */
export async function remoteOptions({ directory, listen, signal }: RemoteWish): Promise<ReachableServer> {
  const { openAuthorityFiles } = await import('../node/server/access/authority-files.ts')
  const gateway = await podsGateway(signal)
  const addresses = addressesToTry(directory, listen)
  const named = listen.address === undefined ? [] : namesOf(listen.address.host)
  const hosts = ['localhost', hostname(), ...CLUSTER_NAMES, '127.0.0.1', '::1', ...gateway, ...named, ...listen.names]
  const files = await openAuthorityFiles(join(directory, 'pki'), { hosts: [...new Set(hosts)], nowMs: Date.now() })
  const isEverywhere = listen.address !== undefined && isAnyAddress(listen.address.host)
  return { remote: { files, addresses, moreHosts: isEverywhere ? [] : gateway }, gateway: gateway[0] }
}

/** Who asks for nothing gets the address of the last time, then the usual one, then any. */
function addressesToTry(directory: string, { address }: ListenOptions): readonly TlsAddress[] {
  if (address !== undefined) return [address]
  const last = existsSync(addressFile(directory)) ? [readAddress(directory)] : []
  const isLocal = last.filter(({ host }) => host === DEFAULT_ADDRESS.host)
  return [...isLocal, DEFAULT_ADDRESS, { ...DEFAULT_ADDRESS, port: 0 }]
}

/** The machine as pods see it: programs in them reach the API there. */
async function podsGateway(signal: AbortSignal): Promise<readonly string[]> {
  const [{ ensureNetwork }, { withMachineLock }, { formatIpv4 }] = await Promise.all([
    import('../machine/sandbox/network.ts'),
    import('../machine/sandbox/run-directory.ts'),
    import('../machine/linux/ipv4.ts'),
  ])
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(NETWORK_LIMIT_MS)])
    return [formatIpv4((await withMachineLock(limit, () => ensureNetwork(undefined))).gateway)]
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown
    complain(`${thrown.message}; programs in pods do not reach the API`)
    return []
  }
}

function namesOf(host: string): readonly string[] {
  if (!isAnyAddress(host)) return [host]
  const found = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  return found.filter(({ internal, scopeid }) => !internal && !scopeid).map(({ address }) => address)
}

function isAnyAddress(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

/** The next server listens there again, so that kubeconfigs stay true. @returns the URL of the server. */
export function rememberAddress(directory: string, address: TlsAddress | undefined): string {
  if (address === undefined) throw new TypeError('a server that serves listens')
  const file = addressFile(directory)
  writeFileSync(`${file}.new`, JSON.stringify(address))
  renameSync(`${file}.new`, file)
  return urlOf(address)
}

/** @throws Failure NotFound, StateCorrupt */
export async function serverAccess(stateDirectory: string): Promise<ServerAccess> {
  const directory = join(serverSocket(stateDirectory), '..')
  if (!existsSync(addressFile(directory))) {
    throw new Failure(
      'NotFound',
      `find the server of "${stateDirectory}": none ever ran there; start "peapod serve" first`,
    )
  }
  const pki = join(directory, 'pki')
  const address = readAddress(directory)
  const { openAuthorityFiles } = await import('../node/server/access/authority-files.ts')
  const { authority, admin } = await openAuthorityFiles(pki, { hosts: [], nowMs: Date.now() })
  return { url: urlOf(address), authority, certificate: admin.cert, key: admin.key, machine: hostname() }
}

function addressFile(directory: string): string {
  return join(directory, 'address.json')
}

function readAddress(directory: string): TlsAddress {
  const file = addressFile(directory)
  try {
    const { host, port } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
    if (typeof host === 'string' && Number.isInteger(port)) return { host, port: Number(port) }
    throw new Error('it names no host and port')
  } catch (cause) {
    throw new Failure('StateCorrupt', `read "${file}": ${messageOf(cause)}; remove it`, { cause })
  }
}

/** A server that listens everywhere is reached here as well. */
function urlOf({ host, port }: TlsAddress): string {
  const local = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `https://${isIP(local) === 6 ? `[${local}]` : local}:${port}`
}
