import { Failure } from '../../failure.ts'
import { type Identity, MASTERS } from '../../kube/api/rbac/identity.ts'

/** What requests are counted as. `lasting`: watches and logs, which may go on for hours. */
export type Sort = 'reading' | 'changing' | 'lasting'

/**
 * How many requests of each sort one user may have under way. The first two are the API server's
 * `--max-requests-inflight` and `--max-mutating-requests-inflight`. It counts all users together, though, so that one of
 * them can take the places of all.
 */
const MOST: RequestLimits = { reading: 400, changing: 200, lasting: 1_000 }

export type RequestLimits = Readonly<Record<Sort, number>>

const RETRY_AFTER_SECONDS = 1

/** Counts the requests that are being answered. */
export class RequestsUnderWay {
  readonly #most: RequestLimits
  readonly #counts = new Map<string, number>()

  constructor(most: RequestLimits = MOST) {
    this.#most = most
  }

  /**
   * Counts a request until the signal aborts.
   *
   * @throws Failure TooManyRequests; never for administrators, as in Kubernetes
   */
  add(user: Identity, sort: Sort, signal: AbortSignal): void {
    const key = `${sort} ${user.name}`
    const count = this.#counts.get(key) ?? 0
    if (count >= this.#most[sort] && !user.groups.includes(MASTERS)) {
      throw new Failure('TooManyRequests', 'Too many requests, please try again later.', {
        details: { retryAfterSeconds: RETRY_AFTER_SECONDS },
      })
    }
    if (signal.aborted) return
    this.#counts.set(key, count + 1)
    signal.addEventListener('abort', () => this.#remove(key), { once: true })
  }

  #remove(key: string): void {
    const left = (this.#counts.get(key) ?? 1) - 1
    if (left === 0) this.#counts.delete(key)
    else this.#counts.set(key, left)
  }
}
