import { existsSync, statfsSync } from 'node:fs'
import { findLink } from '../linux/links.ts'
import { NETLINK_ROUTE, withNetlink } from '../linux/netlink-socket.ts'
import type { Sandbox } from './sandbox.ts'
import { linkName } from './sandbox-names.ts'
import { readRecord } from './sandbox-record.ts'

const NSFS_MAGIC = 0x6e73_6673
const TMPFS_MAGIC = 0x0102_1994

/**
 * The sandbox in a directory, as after a restart of this program: undefined unless all of it is still there. After a
 * reboot of the machine only the directory is; remove it then and make a new one (S11).
 */
export function loadSandbox(directory: string): Promise<Sandbox | undefined> {
  return Promise.try(() => {
    const sandbox = readRecord(directory)?.sandbox
    return sandbox !== undefined && isWhole(sandbox) ? sandbox : undefined
  })
}

function isWhole(sandbox: Sandbox): boolean {
  const { network, ipc, uts } = sandbox.namespaces
  const namespaces = network === 'host' ? [ipc, uts] : [network, ipc, uts]
  const files = [sandbox.hostsFile, sandbox.resolvConfFile, sandbox.hostnameFile]
  return (
    namespaces.every((path) => isMounted(path, NSFS_MAGIC)) &&
    isMounted(sandbox.shmDirectory, TMPFS_MAGIC) &&
    files.every((path) => existsSync(path)) &&
    (network === 'host' || isConnected(sandbox.id))
  )
}

function isMounted(path: string, magic: number): boolean {
  return existsSync(path) && statfsSync(path).type === magic
}

function isConnected(id: string): boolean {
  return withNetlink(NETLINK_ROUTE, (socket) => findLink(socket, linkName(id))) !== undefined
}
