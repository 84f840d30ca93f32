import {
  type Attribute,
  decodeAttributes,
  type NetlinkMessage,
  NLM_F_CREATE,
  NLM_F_EXCL,
  text,
  textOf,
  uint32,
  withAttributes,
} from './netlink-message.ts'
import type { NetlinkSocket } from './netlink-socket.ts'
import { errnoOf } from './system-call-failure.ts'

const RTM_NEWLINK = 16
const RTM_DELLINK = 17
const RTM_GETLINK = 18
const IFF_UP = 1
const IFLA_ADDRESS = 1
const IFLA_IFNAME = 3
const IFLA_MTU = 4
const IFLA_MASTER = 10
const IFLA_LINKINFO = 18
const IFLA_IFALIAS = 20
const IFLA_NET_NS_FD = 28
const IFLA_INFO_KIND = 1
const IFLA_INFO_DATA = 2
const IFLA_INFO_SLAVE_KIND = 4
const IFLA_INFO_SLAVE_DATA = 5
const IFLA_BRPORT_MODE = 4
const VETH_INFO_PEER = 1
const IFINFO_BYTES = 16
/** IFALIASZ less its end mark. */
const LONGEST_ALIAS_BYTES = 255

export interface Link {
  readonly index: number
  readonly name: string
  /** A note on the link for people and for us; '' when there is none. */
  readonly alias: string
  readonly up: boolean
  readonly mtu: number
}

/** Makes a bridge that is up. Its hardware address stays the same whatever is plugged in. */
export function createBridge(
  socket: NetlinkSocket,
  bridge: { readonly name: string; readonly mac: Uint8Array; readonly mtu: number },
): void {
  const attributes: Attribute[] = [
    [IFLA_IFNAME, text(bridge.name)],
    [IFLA_ADDRESS, bridge.mac],
    [IFLA_MTU, uint32(bridge.mtu)],
    [IFLA_LINKINFO, [[IFLA_INFO_KIND, text('bridge')]]],
  ]
  socket.request([newLink(NLM_F_CREATE | NLM_F_EXCL, IFF_UP, attributes)], `add bridge "${bridge.name}"`)
}

export interface VethPlan {
  readonly name: string
  /** Index of the bridge that it is plugged into. */
  readonly bridgeIndex: number
  readonly mtu: number
  /** One of more than 255 bytes is left out: cut off it would say something else. */
  readonly alias: string
  /** The bridge may send a frame back where it came from. Also the pod's own broadcasts, so only where it is needed. */
  readonly hairpin: boolean
  readonly peer: { readonly name: string; readonly mac: Uint8Array; readonly namespaceFd: number }
}

/** Makes a pair of links, one end up and in a bridge here, the other one, still down, in another network namespace. */
export function createVeth(socket: NetlinkSocket, plan: VethPlan): void {
  const peer = withAttributes(interfaceHeader(0, 0), [
    [IFLA_IFNAME, text(plan.peer.name)],
    [IFLA_ADDRESS, plan.peer.mac],
    [IFLA_MTU, uint32(plan.mtu)],
    [IFLA_NET_NS_FD, uint32(plan.peer.namespaceFd)],
  ])
  const veth: Attribute[] = [
    [IFLA_INFO_KIND, text('veth')],
    [IFLA_INFO_DATA, [[VETH_INFO_PEER, peer]]],
  ]
  const attributes: Attribute[] = [
    [IFLA_IFNAME, text(plan.name)],
    [IFLA_MTU, uint32(plan.mtu)],
    [IFLA_MASTER, uint32(plan.bridgeIndex)],
    [IFLA_LINKINFO, veth],
  ]
  const note = Buffer.from(plan.alias)
  const asBridgePort: Attribute = [
    IFLA_LINKINFO,
    [
      [IFLA_INFO_SLAVE_KIND, text('bridge')],
      [IFLA_INFO_SLAVE_DATA, [[IFLA_BRPORT_MODE, new Uint8Array([1])]]],
    ],
  ]
  const settings: Attribute[] = [
    [IFLA_IFNAME, text(plan.name)],
    ...(plan.hairpin ? [asBridgePort] : []),
    [IFLA_IFALIAS, note.length > LONGEST_ALIAS_BYTES ? Buffer.alloc(0) : note],
  ]
  socket.request(
    [newLink(NLM_F_CREATE | NLM_F_EXCL, IFF_UP, attributes), newLink(0, 0, settings)],
    `add veth pair "${plan.name}"`,
  )
}

/** The request to set a link up, for a batch. */
export function linkUpMessage(index: number): NetlinkMessage {
  return { type: RTM_NEWLINK, flags: 0, body: interfaceHeader(index, IFF_UP) }
}

/** The peer goes with its link. No such link is fine: it is what was asked for. */
export function deleteLink(socket: NetlinkSocket, name: string): void {
  const body = withAttributes(interfaceHeader(0, 0), [[IFLA_IFNAME, text(name)]])
  try {
    socket.request([{ type: RTM_DELLINK, flags: 0, body }], `delete link "${name}"`)
  } catch (error) {
    if (errnoOf(error) !== 'ENODEV') throw error
  }
}

export function listLinks(socket: NetlinkSocket): Link[] {
  const listed = socket.dump({ type: RTM_GETLINK, flags: 0, body: interfaceHeader(0, 0) }, 'list links')
  return listed.map(linkOf)
}

export function findLink(socket: NetlinkSocket, name: string): Link | undefined {
  const body = withAttributes(interfaceHeader(0, 0), [[IFLA_IFNAME, text(name)]])
  try {
    return linkOf(socket.get({ type: RTM_GETLINK, flags: 0, body }, `find link "${name}"`))
  } catch (error) {
    if (errnoOf(error) === 'ENODEV') return undefined
    throw error
  }
}

function linkOf(message: NetlinkMessage): Link {
  const header = Buffer.from(message.body.subarray(0, IFINFO_BYTES))
  const attributes = decodeAttributes(message.body.subarray(IFINFO_BYTES))
  return {
    index: header.readInt32LE(4),
    name: textOf(attributes.get(IFLA_IFNAME)),
    alias: textOf(attributes.get(IFLA_IFALIAS)),
    up: (header.readUInt32LE(8) & IFF_UP) !== 0,
    mtu: attributes.get(IFLA_MTU)?.readUInt32LE() ?? 0,
  }
}

function newLink(flags: number, interfaceFlags: number, attributes: readonly Attribute[]): NetlinkMessage {
  return { type: RTM_NEWLINK, flags, body: withAttributes(interfaceHeader(0, interfaceFlags), attributes) }
}

/** struct ifinfomsg; a set flag is also the mask of what to change. */
function interfaceHeader(index: number, flags: number): Buffer {
  const header = Buffer.alloc(IFINFO_BYTES)
  header.writeInt32LE(index, 4)
  header.writeUInt32LE(flags, 8)
  header.writeUInt32LE(flags, 12)
  return header
}
