import { Failure } from '../../failure.ts'
import { addressCount, formatIpv4Range, type Ipv4Range, parseIpv4Range, rangesOverlap } from '../linux/ipv4.ts'

/** Private ranges (RFC 1918) that other container programs leave alone by default. */
const CANDIDATES = ['10.87.0.0/16', '10.187.0.0/16', '172.29.0.0/16', '10.243.0.0/16', '192.168.224.0/20']

/** Network, gateway, broadcast, and at least some pods. */
const SMALLEST_RANGE = 8

/**
 * The range for pods: the wanted one, else the first candidate that meets nothing of the machine.
 *
 * @param taken ranges that the machine reaches otherwise: its addresses, routes, name servers.
 * @throws Failure FailedCreatePodSandBox when the wanted range, or every candidate, is taken.
 */
export function chooseRange(taken: readonly Ipv4Range[], wanted: string | undefined): Ipv4Range {
  const candidates = wanted === undefined ? CANDIDATES : [wanted]
  const range = candidates
    .map(parseIpv4Range)
    .find((candidate) => !taken.some((other) => rangesOverlap(candidate, other)))
  if (range === undefined) {
    const advice = wanted === undefined ? 'choose a free one yourself' : 'choose another one'
    throw new Failure(
      'FailedCreatePodSandBox',
      `find addresses for pods: ${candidates.join(', ')} overlap${wanted === undefined ? '' : 's'} with networks of this machine; ${advice}`,
    )
  }
  if (addressCount(range) < SMALLEST_RANGE) {
    throw new Failure('Invalid', `use ${formatIpv4Range(range)} for pods: too small, /29 is the smallest range`)
  }
  return range
}
