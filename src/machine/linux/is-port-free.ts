import { closeSync } from 'node:fs'
import { constants } from 'node:os'
import { parseIpv4 } from './ipv4.ts'
import { libc } from './libc.ts'
import { succeeded, systemCallFailure } from './system-call-failure.ts'

const AF_INET = 2
const SOCK_STREAM = 1
const SOCK_DGRAM = 2
const SOCK_CLOEXEC = 0o2000000
const SOL_SOCKET = 1
const SO_REUSEADDR = 2

/**
 * Whether no program of this network namespace listens on a port. An address that the machine does not have has no
 * listeners.
 *
 * @param socket address `0.0.0.0`: on none of the machine's addresses.
 */
export function isPortFree(socket: {
  readonly protocol: 'TCP' | 'UDP'
  readonly address: string
  readonly port: number
}): boolean {
  const tried = `try port ${socket.port}/${socket.protocol}`
  const type = socket.protocol === 'TCP' ? SOCK_STREAM : SOCK_DGRAM
  const fd = succeeded(libc().socket(AF_INET, type | SOCK_CLOEXEC, 0), tried)
  try {
    // Without it, connections of an earlier listener that linger in TIME_WAIT would count as one. UDP has none, and there it
    // would hide a listener.
    const on = new Uint8Array([1, 0, 0, 0])
    if (socket.protocol === 'TCP') succeeded(libc().setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, on, on.length), tried)
    const address = internetAddress(socket.address, socket.port)
    const answer = libc().bind(fd, address, address.length)
    if (answer === -constants.errno.EADDRINUSE) return false
    if (answer < 0 && answer !== -constants.errno.EADDRNOTAVAIL) throw systemCallFailure(answer, tried)
    return true
  } finally {
    closeSync(fd)
  }
}

/** struct sockaddr_in */
function internetAddress(address: string, port: number): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeUInt16LE(AF_INET, 0)
  bytes.writeUInt16BE(port, 2)
  bytes.writeUInt32BE(parseIpv4(address), 4)
  return bytes
}
