import { accessSync, constants, readFileSync } from 'node:fs'
import { messageOf } from '../../failure.ts'
import type { Check } from '../linux/check.ts'
import { formatIpv4Range, parseIpv4Range } from '../linux/ipv4.ts'
import { NETLINK_ROUTE, withNetlink } from '../linux/netlink-socket.ts'
import { findProgram } from '../process/find-program.ts'
import { runCommand } from '../process/run-command.ts'
import { chooseRange } from './address-range.ts'
import { listClaims } from './claims.ts'
import { findNetwork, takenRanges } from './network.ts'
import { baseRules, TABLE } from './nftables-rules.ts'
import { isLoopback, parseResolvConf, readHostResolvConf } from './resolv-conf.ts'
import { PORTS_DIRECTORY } from './run-directory.ts'
import { BRIDGE } from './sandbox-names.ts'

const LIMIT_MS = 10_000
const IP_FORWARD = '/proc/sys/net/ipv4/ip_forward'

/** What the network of pods needs. Changes nothing. @param wantedRange as in SandboxPlan.addressRange. */
export async function checkNetwork(wantedRange?: string): Promise<Check[]> {
  const nft = findProgram('nft')
  return [
    checkRange(wantedRange),
    nft === undefined ? NFT_MISSING : await checkNft(nft),
    checkForwarding(),
    checkPorts(listClaims(PORTS_DIRECTORY).map(({ name }) => name)),
    ...(nft === undefined ? [] : await checkOtherFirewalls(nft)),
    checkNameServers(parseResolvConf(readHostResolvConf('pod')).nameservers),
  ]
}

const NFT_MISSING: Check = {
  name: 'nftables',
  is: 'warning',
  detail: 'nft is not installed: no hostPort, and pods reach no other machine',
  remedy: 'apt-get install nftables',
}

function checkRange(wantedRange: string | undefined): Check {
  const name = 'pod addresses'
  try {
    return withNetlink(NETLINK_ROUTE, (socket) => {
      const network = findNetwork(socket)
      if (network !== undefined) return { name, is: 'ok', detail: `${formatIpv4Range(network.range)} on ${BRIDGE}` }
      return { name, is: 'ok', detail: `${formatIpv4Range(chooseRange(takenRanges(socket), wantedRange))} is free` }
    })
  } catch (error) {
    return {
      name,
      is: 'missing',
      detail: messageOf(error),
      remedy: 'choose a range of addresses that this machine does not use',
    }
  }
}

/** @param claimed names of claims, such as `TCP:8080:0.0.0.0`. */
export function checkPorts(claimed: readonly string[]): Check {
  const ports = claimed.map((name) => name.split(':')).map(([protocol, port]) => `${port ?? ''}/${protocol ?? ''}`)
  const detail = ports.length === 0 ? 'no pod publishes a port of this machine' : `pods publish ${ports.join(', ')}`
  return { name: 'ports', is: 'ok', detail }
}

async function checkNft(nft: string): Promise<Check> {
  const name = 'nftables'
  const rules = baseRules(parseIpv4Range('10.87.0.0/16'))
  const { exitCode, stderr } = await runCommand([nft, '--check', '-f', '-'], { input: rules, timeoutMs: LIMIT_MS })
  if (exitCode === 0) return { name, is: 'ok', detail: 'address translation works' }
  const detail = `nft refuses the rules of pods: ${stderr.trim().split('\n')[0] ?? ''}`
  return { name, is: 'warning', detail, remedy: 'modprobe nf_tables nft_chain_nat; nft 1.0 or newer is needed' }
}

function checkForwarding(): Check {
  const name = 'ip_forward'
  if (readFileSync(IP_FORWARD, 'utf8').trim() === '1') return { name, is: 'ok', detail: 'on' }
  try {
    accessSync(IP_FORWARD, constants.W_OK)
  } catch {
    const detail = 'off, and may not be turned on: pods reach no other machine'
    return { name, is: 'warning', detail, remedy: 'sysctl -w net.ipv4.ip_forward=1' }
  }
  if (withNetlink(NETLINK_ROUTE, findNetwork) === undefined) {
    return { name, is: 'ok', detail: 'off; the first pod turns it on' }
  }
  const detail = 'somebody turned it off: pods reach no other machine'
  return { name, is: 'warning', detail, remedy: 'sysctl -w net.ipv4.ip_forward=1' }
}

async function checkOtherFirewalls(nft: string): Promise<Check[]> {
  const { exitCode, stdout } = await runCommand([nft, '-j', 'list', 'chains'], { timeoutMs: LIMIT_MS })
  if (exitCode !== 0) return []
  const dropping = forwardChainsThatDrop(stdout)
  if (dropping.length === 0) return [{ name: 'firewall', is: 'ok', detail: 'lets pods through' }]
  return dropping.map((chain) => {
    const remedy = ['iifname', 'oifname']
      .map((side) => `nft insert rule ${chain} ${side} "${BRIDGE}" accept`)
      .join('; ')
    return {
      name: 'firewall',
      is: 'warning',
      detail: `"${chain}" drops what pods send to other machines, and get`,
      remedy,
    }
  })
}

/**
 * Chains of others that drop forwarded packets by default, as Docker's and many firewalls' do: what our own table accepts,
 * they still drop.
 *
 * @param chains what `nft -j list chains` prints. @returns `family table chain` of each.
 */
export function forwardChainsThatDrop(chains: string): string[] {
  interface Chain {
    readonly family: string
    readonly table: string
    readonly name: string
    readonly hook?: string
    readonly policy?: string
  }
  const { nftables } = JSON.parse(chains) as { nftables: readonly { readonly chain?: Chain }[] }
  return nftables
    .flatMap(({ chain }) => (chain === undefined ? [] : [chain]))
    .filter((chain) => chain.hook === 'forward' && chain.policy === 'drop' && chain.table !== TABLE)
    .filter((chain) => chain.family === 'ip' || chain.family === 'inet')
    .map((chain) => `${chain.family} ${chain.table} ${chain.name}`)
}

export function checkNameServers(nameservers: readonly string[]): Check {
  const name = 'name servers'
  const reachable = nameservers.filter((server) => !isLoopback(server))
  if (reachable.length > 0) return { name, is: 'ok', detail: reachable.join(', ') }
  const detail =
    nameservers.length === 0
      ? '/etc/resolv.conf names none: pods find no names of other machines'
      : `/etc/resolv.conf names only ${nameservers.join(', ')}, which no pod can reach`
  return {
    name,
    is: 'warning',
    detail,
    remedy: 'name a server in /etc/resolv.conf, or in the pod: spec.dnsConfig.nameservers',
  }
}
