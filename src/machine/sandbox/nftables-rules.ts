import { formatIpv4Range, type Ipv4Range } from '../linux/ipv4.ts'
import type { PublishedPort } from './sandbox.ts'
import { BRIDGE } from './sandbox-names.ts'

export const TABLE = 'peapod'

/** One port of the machine that leads to one port of a pod. */
export interface PortForward {
  readonly port: PublishedPort
  readonly podIP: string
}

/**
 * The rules that all pods share, for `nft -f -`. What changes with a pod is only an element of a map. Feeding it again keeps
 * the elements. @see nft(8)
 */
export function baseRules(range: Ipv4Range): string {
  const pods = formatIpv4Range(range)
  const toAnyAddress = 'fib daddr type local dnat ip to meta l4proto . th dport map @published'
  const toOneAddress = 'dnat ip to ip daddr . meta l4proto . th dport map @published_on'
  const chains: [name: string, hook: string, rules: string[]][] = [
    // With route_localnet a pod could otherwise reach what listens on the machine's own 127.0.0.1 (CVE-2020-8558).
    ['guard', 'type filter hook prerouting priority raw', [`iifname "${BRIDGE}" ip daddr 127.0.0.0/8 drop`]],
    ['prerouting', 'type nat hook prerouting priority dstnat', [toOneAddress, toAnyAddress]],
    ['output', 'type nat hook output priority -100', [toOneAddress, toAnyAddress]],
    [
      'postrouting',
      'type nat hook postrouting priority srcnat',
      [
        // Answers must come back through the machine, where the port was translated: not straight to a pod on the same
        // bridge, and not to the pod's own 127.0.0.1.
        `oifname "${BRIDGE}" ip saddr ${pods} ct status dnat masquerade`,
        `oifname "${BRIDGE}" ip saddr 127.0.0.0/8 masquerade`,
        // Nobody outside knows the pods' addresses.
        `oifname != "${BRIDGE}" ip saddr ${pods} ip daddr != { ${pods}, 224.0.0.0/4 } masquerade`,
      ],
    ],
  ]
  return lines(
    `add table ip ${TABLE}`,
    `add map ip ${TABLE} published { type inet_proto . inet_service : ipv4_addr . inet_service; }`,
    `add map ip ${TABLE} published_on { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }`,
    ...chains.flatMap(([name, hook, rules]) => [
      `add chain ip ${TABLE} ${name} { ${hook}; policy accept; }`,
      `flush chain ip ${TABLE} ${name}`,
      ...rules.map((rule) => `add rule ip ${TABLE} ${name} ${rule}`),
    ]),
  )
}

export function publishRules(forwards: readonly PortForward[]): string {
  return lines(...forwards.map((forward) => `add ${element(forward)}`))
}

/** Adding first makes deleting what is not there (any more) no error. */
export function unpublishRules(forwards: readonly PortForward[]): string {
  return lines(...forwards.flatMap((forward) => [`add ${element(forward)}`, `delete ${element(forward)}`]))
}

/** Deletes one port whatever it leads to; fails when there is none. */
export function forgetPortRules(port: PortOfMachine): string {
  return lines(`delete element ip ${TABLE} ${keyOf(port).map} { ${keyOf(port).key} }`)
}

/** What makes a port unique on a machine. */
export type PortOfMachine = Pick<PublishedPort, 'protocol' | 'hostPort' | 'hostIP'>

function element({ port, podIP }: PortForward): string {
  const { map, key } = keyOf(port)
  return `element ip ${TABLE} ${map} { ${key} : ${podIP} . ${port.podPort} }`
}

function keyOf(port: PortOfMachine): { readonly map: string; readonly key: string } {
  const key = `${port.protocol.toLowerCase()} . ${port.hostPort}`
  return isAnyAddress(port.hostIP) ? { map: 'published', key } : { map: 'published_on', key: `${port.hostIP} . ${key}` }
}

export function isAnyAddress(hostIP: string | undefined): hostIP is undefined {
  return hostIP === undefined || hostIP === '' || hostIP === '0.0.0.0' || hostIP === '::'
}

function lines(...each: string[]): string {
  return each.map((line) => `${line}\n`).join('')
}
