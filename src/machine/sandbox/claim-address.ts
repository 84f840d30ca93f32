import { createHash } from 'node:crypto'
import { Failure } from '../../failure.ts'
import { addressCount, formatIpv4, formatIpv4Range, type Ipv4Range } from '../linux/ipv4.ts'
import { claim } from './claims.ts'
import { ADDRESSES_DIRECTORY } from './run-directory.ts'

/** The network itself and the bridge come first; broadcast is last. */
const RESERVED = 3
const FIRST_POD = 2

/**
 * Claims an address that no other sandbox of this machine has. Call it under the machine's lock.
 *
 * The search begins at a place that the sandbox's ID decides: an address that has just become free, which others may still
 * know as the old pod's, is rarely the next one to be given out.
 */
export function claimAddress(range: Ipv4Range, id: string, directory: string): number {
  const count = addressCount(range) - RESERVED
  const start = createHash('sha256').update(id).digest().readUInt32BE() % count
  for (let step = 0; step < count; step += 1) {
    const address = range.network + FIRST_POD + ((start + step) % count)
    if (claim(ADDRESSES_DIRECTORY, formatIpv4(address), directory)) return address
  }
  throw new Failure(
    'FailedCreatePodSandBox',
    `give the pod an address: all ${count} of ${formatIpv4Range(range)} are taken; remove pods, or choose a larger range`,
  )
}
