import { listAddresses, listRoutes } from '../linux/addresses.ts'
import { formatIpv4 } from '../linux/ipv4.ts'
import { NETLINK_ROUTE, withNetlink } from '../linux/netlink-socket.ts'

const SCOPE_GLOBAL = 0

/** The machine's main address, the one on its default route; 127.0.0.1 for a machine without a network. */
export function hostAddresses(): string[] {
  return withNetlink(NETLINK_ROUTE, (socket) => {
    const uplink = listRoutes(socket).find((route) => route.destination.prefixLength === 0)?.linkIndex
    const global = listAddresses(socket).filter((each) => each.scope === SCOPE_GLOBAL)
    const first = global.find((each) => each.linkIndex === uplink) ?? global[0]
    return [first === undefined ? '127.0.0.1' : formatIpv4(first.address)]
  })
}
