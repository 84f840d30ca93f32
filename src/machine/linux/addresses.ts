import type { Ipv4Range } from './ipv4.ts'
import {
  decodeAttributes,
  type NetlinkMessage,
  NLM_F_CREATE,
  NLM_F_EXCL,
  uint32,
  withAttributes,
} from './netlink-message.ts'
import type { NetlinkSocket } from './netlink-socket.ts'

const RTM_NEWADDR = 20
const RTM_GETADDR = 22
const RTM_NEWROUTE = 24
const RTM_GETROUTE = 26
const AF_INET = 2
const IFA_ADDRESS = 1
const IFA_LOCAL = 2
const IFA_BROADCAST = 4
const RTA_DST = 1
const RTA_OIF = 4
const RTA_GATEWAY = 5
const RT_TABLE_MAIN = 254
const RTPROT_BOOT = 3
const RT_SCOPE_UNIVERSE = 0
const RTN_UNICAST = 1
const IFADDR_BYTES = 8
const ROUTE_BYTES = 12

export interface Ipv4Address {
  readonly linkIndex: number
  readonly address: number
  readonly prefixLength: number
  /** 0 is global, 253 link, 254 host. */
  readonly scope: number
}

export interface Ipv4Route {
  readonly linkIndex: number
  readonly destination: Ipv4Range
}

/** The request to give a link an address in its subnet, for a batch. */
export function addAddressMessage(linkIndex: number, address: number, prefixLength: number): NetlinkMessage {
  const header = Buffer.alloc(IFADDR_BYTES)
  header.writeUInt8(AF_INET, 0)
  header.writeUInt8(prefixLength, 1)
  header.writeUInt32LE(linkIndex, 4)
  const body = withAttributes(header, [
    [IFA_LOCAL, bigEndian(address)],
    [IFA_ADDRESS, bigEndian(address)],
    [IFA_BROADCAST, bigEndian((address | (0xffff_ffff >>> prefixLength)) >>> 0)],
  ])
  return { type: RTM_NEWADDR, flags: NLM_F_CREATE | NLM_F_EXCL, body }
}

/** The request to send by way of a gateway what no other route takes, for a batch. */
export function addDefaultRouteMessage(linkIndex: number, gateway: number): NetlinkMessage {
  const body = withAttributes(
    Buffer.from([AF_INET, 0, 0, 0, RT_TABLE_MAIN, RTPROT_BOOT, RT_SCOPE_UNIVERSE, RTN_UNICAST, 0, 0, 0, 0]),
    [
      [RTA_GATEWAY, bigEndian(gateway)],
      [RTA_OIF, uint32(linkIndex)],
    ],
  )
  return { type: RTM_NEWROUTE, flags: NLM_F_CREATE | NLM_F_EXCL, body }
}

/** The IPv4 addresses of every link in the socket's namespace. */
export function listAddresses(socket: NetlinkSocket): Ipv4Address[] {
  const request = Buffer.alloc(IFADDR_BYTES)
  request.writeUInt8(AF_INET, 0)
  return socket.dump({ type: RTM_GETADDR, flags: 0, body: request }, 'list addresses').flatMap((message) => {
    const header = Buffer.from(message.body.subarray(0, IFADDR_BYTES))
    const local = decodeAttributes(message.body.subarray(IFADDR_BYTES)).get(IFA_LOCAL)
    if (local === undefined) return []
    return {
      linkIndex: header.readUInt32LE(4),
      address: local.readUInt32BE(),
      prefixLength: header.readUInt8(1),
      scope: header.readUInt8(3),
    }
  })
}

/** The IPv4 routes of all tables; a default route has the prefix length 0. */
export function listRoutes(socket: NetlinkSocket): Ipv4Route[] {
  const request = Buffer.alloc(ROUTE_BYTES)
  request.writeUInt8(AF_INET, 0)
  return socket.dump({ type: RTM_GETROUTE, flags: 0, body: request }, 'list routes').map((message) => {
    const attributes = decodeAttributes(message.body.subarray(ROUTE_BYTES))
    return {
      linkIndex: attributes.get(RTA_OIF)?.readUInt32LE() ?? 0,
      destination: { network: attributes.get(RTA_DST)?.readUInt32BE() ?? 0, prefixLength: message.body[1] ?? 0 },
    }
  })
}

function bigEndian(address: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(address)
  return bytes
}
