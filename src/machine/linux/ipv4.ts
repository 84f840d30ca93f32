import { isIPv4 } from 'node:net'
import { Failure } from '../../failure.ts'

/** An IPv4 range: the network address as a number, and how many of its leading bits count. */
export interface Ipv4Range {
  readonly network: number
  readonly prefixLength: number
}

export function parseIpv4(text: string): number {
  if (!isIPv4(text)) throw new Failure('Invalid', `read the IPv4 address "${text}": not four numbers from 0 to 255`)
  return text.split('.').reduce((address, part) => address * 256 + Number(part), 0)
}

export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.')
}

/** @throws Failure Invalid unless it is a network in CIDR form, such as `10.87.0.0/16`. */
export function parseIpv4Range(text: string): Ipv4Range {
  const [address = '', length = ''] = text.split('/')
  const prefixLength = /^\d{1,2}$/.test(length) ? Number(length) : 33
  if (prefixLength > 32) throw new Failure('Invalid', `read the address range "${text}": not of the form 10.87.0.0/16`)
  return { network: firstAddress({ network: parseIpv4(address), prefixLength }), prefixLength }
}

export function formatIpv4Range(range: Ipv4Range): string {
  return `${formatIpv4(range.network)}/${range.prefixLength}`
}

export function addressCount(range: Ipv4Range): number {
  return 2 ** (32 - range.prefixLength)
}

export function rangesOverlap(one: Ipv4Range, other: Ipv4Range): boolean {
  const prefixLength = Math.min(one.prefixLength, other.prefixLength)
  return firstAddress({ ...one, prefixLength }) === firstAddress({ ...other, prefixLength })
}

function firstAddress({ network, prefixLength }: Ipv4Range): number {
  return network - (network % 2 ** (32 - prefixLength))
}
