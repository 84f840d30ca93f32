import { readFileSync, writeFileSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Failure, messageOf } from '../../failure.ts'
import { addAddressMessage, listAddresses, listRoutes } from '../linux/addresses.ts'
import { type Ipv4Range, parseIpv4 } from '../linux/ipv4.ts'
import { createBridge, deleteLink, findLink, listLinks } from '../linux/links.ts'
import { NETLINK_ROUTE, type NetlinkSocket, withNetlink } from '../linux/netlink-socket.ts'
import { findProgram } from '../process/find-program.ts'
import { chooseRange } from './address-range.ts'
import { listClaims, staleClaims } from './claims.ts'
import { baseRules, type PortForward, publishRules, TABLE } from './nftables-rules.ts'
import { parseResolvConf, readHostResolvConf } from './resolv-conf.ts'
import { ADDRESSES_DIRECTORY, PORTS_DIRECTORY, withMachineLock } from './run-directory.ts'
import { isTableThere, runNft } from './run-nft.ts'
import { BRIDGE, isLinkName, macOf } from './sandbox-names.ts'
import { portForwards, readRecord } from './sandbox-record.ts'

/** The kernel frees the links of a network namespace some milliseconds after its last user is gone. */
const LINKS_GONE_LIMIT_MS = 2_000
const HIGHEST_MTU = 65_535
const DEFAULT_MTU = 1500

/** The network that all pods of the machine share. */
export interface Network {
  readonly range: Ipv4Range
  /** The bridge's own address: the pods' way out, and the machine as pods see it. */
  readonly gateway: number
  readonly bridgeIndex: number
  readonly mtu: number
}

/**
 * The pods' network, made if it is not there (any more). Call it under the machine's lock.
 *
 * @param wantedRange for a new network; one that is there keeps its range.
 */
export function ensureNetwork(wantedRange: string | undefined): Network {
  return withNetlink(NETLINK_ROUTE, (socket) => findNetwork(socket) ?? makeNetwork(socket, wantedRange))
}

let rulesUnderWay: Promise<void> | undefined

/**
 * The rules that all pods share, made if they are not there (any more); pods that are published already are again. Several
 * programs may do it at once. Without nft pods talk to each other and to the machine, but not to the outside: `doctor` warns of it.
 */
export function ensureRules(network: Network): Promise<void> {
  rulesUnderWay ??= makeRules(network).finally(() => {
    rulesUnderWay = undefined
  })
  return rulesUnderWay
}

async function makeRules(network: Network): Promise<void> {
  if (isTableThere() || findProgram('nft') === undefined) return
  const owners = new Set(listClaims(PORTS_DIRECTORY).map((each) => each.owner))
  const forwards = [...owners].flatMap(currentForwards)
  await runNft(baseRules(network.range) + publishRules(forwards), 'set up the network of pods')
}

/** Takes the bridge and the rules away when no pod has an address. @returns whether it did. */
export async function removeNetworkIfUnused(signal: AbortSignal): Promise<boolean> {
  if (withNetlink(NETLINK_ROUTE, (socket) => findLink(socket, BRIDGE)) === undefined) return false
  return withMachineLock(signal, async () => {
    const stale = staleClaims(ADDRESSES_DIRECTORY).length
    if (listClaims(ADDRESSES_DIRECTORY).length > stale) return false
    await untilLinksAreGone()
    withNetlink(NETLINK_ROUTE, (socket) => deleteLink(socket, BRIDGE))
    if (isTableThere()) await runNft(`delete table ip ${TABLE}\n`, 'remove the rules of pods')
    return true
  })
}

/** undefined unless it is whole. */
export function findNetwork(socket: NetlinkSocket): Network | undefined {
  const bridge = findLink(socket, BRIDGE)
  if (bridge === undefined || !bridge.up) return undefined
  // The bridge's address comes last when it is made: with it, all is there.
  const own = listAddresses(socket).find((each) => each.linkIndex === bridge.index)
  if (own === undefined) return undefined
  const range = { network: own.address - 1, prefixLength: own.prefixLength }
  return { range, gateway: own.address, bridgeIndex: bridge.index, mtu: bridge.mtu }
}

function makeNetwork(socket: NetlinkSocket, wantedRange: string | undefined): Network {
  // A bridge without an address, or that is down, is what a killed program or a curious person left.
  deleteLink(socket, BRIDGE)
  const range = chooseRange(takenRanges(socket), wantedRange)
  const gateway = range.network + 1
  const mtu = uplinkMtu(socket)
  createBridge(socket, { name: BRIDGE, mac: macOf(gateway), mtu })
  const bridge = findLink(socket, BRIDGE)
  if (bridge === undefined) throw new Failure('FailedCreatePodSandBox', `add bridge "${BRIDGE}": it vanished at once`)
  // 127.0.0.1:hostPort leads to a pod: such a packet leaves through the bridge before its source is translated.
  writeFileSync(`/proc/sys/net/ipv4/conf/${BRIDGE}/route_localnet`, '1')
  allowForwarding()
  socket.request([addAddressMessage(bridge.index, gateway, range.prefixLength)], `give "${BRIDGE}" its address`)
  return { range, gateway, bridgeIndex: bridge.index, mtu }
}

/**
 * Pods talk to each other and to the machine without it. It is what lets them reach other machines, and other machines
 * their published ports. It stays on: another program may have come to rely on it.
 */
function allowForwarding(): void {
  const file = '/proc/sys/net/ipv4/ip_forward'
  if (readFileSync(file, 'utf8').trim() === '1') return
  try {
    writeFileSync(file, '1')
  } catch (error) {
    const advice = 'run: sysctl -w net.ipv4.ip_forward=1'
    throw new Failure('FailedCreatePodSandBox', `let pods reach other machines: ${messageOf(error)}; ${advice}`, {
      cause: error,
    })
  }
}

/** Everything that the machine reaches by more than its default route. */
export function takenRanges(socket: NetlinkSocket): Ipv4Range[] {
  const addresses = listAddresses(socket).map((each) => ({ network: each.address, prefixLength: each.prefixLength }))
  const routes = listRoutes(socket)
    .map((route) => route.destination)
    .filter((destination) => destination.prefixLength > 0)
  const servers = parseResolvConf(readHostResolvConf('host')).nameservers.filter((server) => isIPv4(server))
  return [...addresses, ...routes, ...servers.map((server) => ({ network: parseIpv4(server), prefixLength: 32 }))]
}

/** A larger packet of a pod would be lost on its way out. */
function uplinkMtu(socket: NetlinkSocket): number {
  const uplinks = listRoutes(socket).filter((route) => route.destination.prefixLength === 0)
  const mtus = listLinks(socket)
    .filter((link) => link.mtu > 0 && uplinks.some((route) => route.linkIndex === link.index))
    .map((link) => link.mtu)
  return mtus.length === 0 ? DEFAULT_MTU : Math.min(HIGHEST_MTU, ...mtus)
}

function currentForwards(directory: string): readonly PortForward[] {
  const record = readRecord(directory)
  return record === undefined ? [] : portForwards(record)
}

async function untilLinksAreGone(): Promise<void> {
  const endsAtMs = performance.now() + LINKS_GONE_LIMIT_MS
  const left = () => withNetlink(NETLINK_ROUTE, listLinks).filter((link) => isLinkName(link.name))
  while (left().length > 0 && performance.now() < endsAtMs) await delay(5)
  // A process outside the pod's cgroup may have entered its network namespace, and keep it.
  for (const link of left()) withNetlink(NETLINK_ROUTE, (socket) => deleteLink(socket, link.name))
}
