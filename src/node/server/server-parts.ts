import type { Store } from '../store/store.ts'
import type { SigningKey } from './access/service-account-tokens.ts'
import type { PodStreams } from './pod-streams.ts'
import type { RequestMetrics } from './request-metrics.ts'
import type { ResourceUsage } from './resource-usage.ts'

/** What requests are answered with. */
export interface ServerParts {
  readonly store: Store
  readonly streams: PodStreams
  readonly clock: { nowMs(): number }
  readonly ids: Ids
  readonly nodeName: string
  /** peapod's own version, such as `0.1.0`. */
  readonly version: string
  /** One line for the server's own log: a request that failed by a bug. */
  readonly log: (line: string) => void
  /** How often a watch says how far it has come when it has nothing else to say; a minute when absent. */
  readonly bookmarkEveryMs?: number | undefined
  /** What tokens of service accounts are signed with; absent where nobody comes with one. */
  readonly signing?: SigningKey | undefined
  /** Absent: nothing is measured. */
  readonly metrics?: RequestMetrics | undefined
  /** Absent: nobody is told what pods use. */
  readonly usage?: ResourceUsage | undefined
}

/** Where new objects get what is random about them. */
export interface Ids {
  uid(): string
  /** Five characters. */
  nameSuffix(): string
}

/** Kubernetes' alphabet for generated names: no vowels and no digits that look like them, so that no word comes out. */
const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'

export const randomIds: Ids = {
  uid: () => crypto.randomUUID(),
  nameSuffix() {
    const numbers = crypto.getRandomValues(new Uint32Array(5))
    return Array.from(numbers, (number) => SUFFIX_ALPHABET[number % SUFFIX_ALPHABET.length]).join('')
  },
}
