import { createHash } from 'node:crypto'

export const BRIDGE = 'peapod0'
/** The pod's end, as everywhere. */
export const POD_LINK = 'eth0'
/** Parent of the cgroups of all pods. */
export const CGROUP_PARENT = '/peapod'

/** Of the host's end of a pod's link: at most 15 characters (IFNAMSIZ less its end mark). */
export function linkName(id: string): string {
  return `peapod${createHash('sha256').update(id).digest('hex').slice(0, 9)}`
}

export function isLinkName(name: string): boolean {
  return /^peapod[0-9a-f]{9}$/.test(name)
}

/** A hardware address made from the IPv4 address: whoever has the address again later is found without a new ARP question. */
export function macOf(address: number): Uint8Array {
  return new Uint8Array([0x0a, 0x58, address >>> 24, (address >>> 16) & 0xff, (address >>> 8) & 0xff, address & 0xff])
}
