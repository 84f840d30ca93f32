import type { NotStarted } from './observed-pod.ts'
import { doubled, NORMAL_BACK_OFF } from './restart-delay.ts'

/** What failed for a reason that someone may mend at any moment is tried again this often: a kubelet's sync period. */
export const RETRY_MS = 10_000

/**
 * How long a failed image pull waits before the next one (Q10). Its own curve: a crash does not slow a pull down.
 *
 * @param attempts consecutive failures, from 1.
 * @returns milliseconds after the failure: 10 000, 20 000, 40 000 … at most 300 000.
 */
export function startRetryDelayMs(attempts: number): number {
  return doubled(Math.max(attempts, 1) - 1, NORMAL_BACK_OFF)
}

/** When a container that did not get as far as a process is tried again. */
export function startRetryAtMs(failure: NotStarted): number {
  return failure.failedAtMs + (isPullFailure(failure) ? startRetryDelayMs(failure.attempts) : RETRY_MS)
}

/** Only pulls back off; a missing ConfigMap, say, is looked for again and again at the same pace. */
export function isPullFailure(failure: NotStarted): boolean {
  return failure.reason === 'ErrImagePull' || failure.reason === 'RegistryUnavailable'
}
