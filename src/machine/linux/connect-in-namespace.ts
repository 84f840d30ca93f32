import { closeSync } from 'node:fs'
import { constants } from 'node:os'
import { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { getSystemErrorMessage, getSystemErrorName } from 'node:util'
import { libc } from './libc.ts'
import { withinNetworkNamespace } from './namespaces.ts'
import { succeeded } from './system-call-failure.ts'

const AF_INET = 2
const AF_INET6 = 10
const SOCK_STREAM = 1
const SOCK_NONBLOCK = 0o4000
const SOCK_CLOEXEC = 0o2000000
const { EINPROGRESS, EALREADY, EISCONN } = constants.errno
/** A loopback answers at once, unless the queue of the one who listens is full: then the kernel tries again. */
const LIMIT_MS = 10_000
const PAUSE_MS = 10

export type LoopbackFamily = 'IPv4' | 'IPv6'

export type LocalConnection =
  | { readonly is: 'connected'; readonly socket: Socket }
  /** What the kernel answered, in its own words, such as `connection refused`. */
  | { readonly is: 'refused'; readonly answer: string }

/**
 * Connects to a port of the loopback address of a network namespace.
 *
 * @param namespace its nsfs file, or `host`.
 * @throws Failure SystemCallFailed when the namespace can't be entered
 */
export async function connectInNamespace(
  namespace: string,
  { port, family }: { readonly port: number; readonly family: LoopbackFamily },
): Promise<LocalConnection> {
  const address = family === 'IPv4' ? ipv4Loopback(port) : ipv6Loopback(port)
  const begin = (): { fd: number; answer: number } => {
    const type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC
    const fd = libc().socket(family === 'IPv4' ? AF_INET : AF_INET6, type, 0)
    return { fd, answer: fd < 0 ? fd : libc().connect(fd, address, address.length) }
  }
  const { fd, answer } = namespace === 'host' ? begin() : withinNetworkNamespace(namespace, begin)
  // The kernel was built without this family, or knows it not in here.
  if (fd === -constants.errno.EAFNOSUPPORT) return { is: 'refused', answer: wordsFor(fd) }
  succeeded(fd, 'open a socket in the network of a pod')
  const last = await untilConnected(fd, address, answer)
  // A socket that has connected can't be made to do it again, which says that it has.
  if (last === 0 || last === -EISCONN) return { is: 'connected', socket: new Socket({ fd, allowHalfOpen: true }) }
  closeSync(fd)
  return { is: 'refused', answer: wordsFor(last === -EALREADY ? -constants.errno.ETIMEDOUT : last) }
}

/** The socket stays in its namespace: asking goes on from outside. */
async function untilConnected(fd: number, address: Uint8Array, first: number): Promise<number> {
  let answer = first
  for (const endsAtMs = performance.now() + LIMIT_MS; performance.now() < endsAtMs;) {
    if (answer === -EINPROGRESS) answer = libc().connect(fd, address, address.length)
    if (answer !== -EALREADY) return answer
    await delay(PAUSE_MS)
    answer = libc().connect(fd, address, address.length)
  }
  return answer
}

/** struct sockaddr_in */
function ipv4Loopback(port: number): Buffer {
  const address = Buffer.alloc(16)
  address.writeUInt16LE(AF_INET, 0)
  address.writeUInt16BE(port, 2)
  address.set([127, 0, 0, 1], 4)
  return address
}

/** struct sockaddr_in6 */
function ipv6Loopback(port: number): Buffer {
  const address = Buffer.alloc(28)
  address.writeUInt16LE(AF_INET6, 0)
  address.writeUInt16BE(port, 2)
  address.writeUInt8(1, 23)
  return address
}

function wordsFor(answer: number): string {
  const name = getSystemErrorName(answer)
  return name === 'ETIMEDOUT' ? 'i/o timeout' : getSystemErrorMessage(answer) || name
}
