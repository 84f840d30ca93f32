import { closeSync, constants as fsConstants, openSync, writeFileSync, writeSync } from 'node:fs'
import { libc } from './libc.ts'
import { bindMount } from './mount.ts'
import { NETLINK_ROUTE, NetlinkSocket } from './netlink-socket.ts'
import { linkUpMessage } from './links.ts'
import { succeeded } from './system-call-failure.ts'

const FLAG = { net: 0x4000_0000, ipc: 0x0800_0000, uts: 0x0400_0000 } as const

type NamespaceKind = keyof typeof FLAG

/** In a new network namespace the loopback link is always the first one. */
const LOOPBACK_INDEX = 1

export interface NamespacesPlan {
  /** Files to bind the new namespaces to; they are made. What is absent is not made new. */
  readonly files: Readonly<Partial<Record<NamespaceKind, string>>>
  readonly hostname: string
}

/**
 * Makes namespaces that live as long as their files stay mounted. In a new network namespace loopback is up, ports below
 * 1024 need no privilege and every group may ping, as container runtimes have it.
 *
 * @returns a socket in the new network namespace, the caller's to close; undefined when there is no new one.
 */
export function createNamespaces(plan: NamespacesPlan): NetlinkSocket | undefined {
  const kinds = (Object.keys(FLAG) as NamespaceKind[]).filter((kind) => plan.files[kind] !== undefined)
  for (const kind of kinds) closeSync(openSync(plan.files[kind] ?? '', 'w'))
  return andBack(kinds, () => {
    const flags = kinds.reduce((all, kind) => all | FLAG[kind], 0)
    succeeded(libc().unshare(flags), `make new namespaces (${kinds.join(', ')})`)
    for (const kind of kinds) bindMount(`/proc/thread-self/ns/${kind}`, plan.files[kind] ?? '')
    if (plan.files.uts !== undefined) setHostname(plan.hostname)
    return plan.files.net === undefined ? undefined : setUpNetwork()
  })
}

/**
 * Runs a function while this thread is in another network namespace. Sockets that it opens through system calls of this
 * thread, netlink sockets, and child processes that it spawns stay there; whatever Node does later, such as the connect
 * of net.connect, happens outside.
 *
 * @param enter synchronous: after its first await it would run in the machine's own namespace.
 */
export function withinNetworkNamespace<T>(path: string, enter: () => T extends PromiseLike<unknown> ? never : T): T {
  const namespace = openSync(path, fsConstants.O_RDONLY)
  try {
    return andBack(['net'], () => {
      succeeded(libc().setns(namespace, FLAG.net), `enter the network namespace "${path}"`)
      return enter()
    })
  } finally {
    closeSync(namespace)
  }
}

/** Runs a function that changes namespaces of this thread, and changes back, or ends the program. */
function andBack<T>(kinds: readonly NamespaceKind[], change: () => T): T {
  const own: { kind: NamespaceKind; fd: number }[] = []
  try {
    for (const kind of kinds) own.push({ kind, fd: openSync(`/proc/thread-self/ns/${kind}`, fsConstants.O_RDONLY) })
    try {
      return change()
    } finally {
      for (const { kind, fd } of own) {
        if (libc().setns(fd, FLAG[kind]) < 0) dieInWrongNamespace(kind)
      }
    }
  } finally {
    for (const { fd } of own) closeSync(fd)
  }
}

/** Going on would listen, connect and set addresses of the machine inside a pod: nothing after this is safe. */
function dieInWrongNamespace(kind: NamespaceKind): never {
  writeSync(2, `peapod: could not return from a pod's ${kind} namespace; ending at once, containers go on\n`)
  process.abort()
}

function setHostname(hostname: string): void {
  succeeded(libc().sethostname(hostname, Buffer.byteLength(hostname)), `set the hostname "${hostname}"`)
}

function setUpNetwork(): NetlinkSocket {
  const socket = new NetlinkSocket(NETLINK_ROUTE)
  try {
    socket.request([linkUpMessage(LOOPBACK_INDEX)], 'set link "lo" up')
    // /proc/sys/net shows the namespace of the thread that looks.
    writeFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', '0')
    writeFileSync('/proc/sys/net/ipv4/ping_group_range', '0 2147483647')
    return socket
  } catch (error) {
    socket.close()
    throw error
  }
}
