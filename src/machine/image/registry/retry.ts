import { setTimeout as delay } from 'node:timers/promises'
import { isTransient, RegistryAnswerError } from './registry-error.ts'

export interface RetryPolicy {
  /** Tries after the first one. */
  readonly retries: number
  /** Before the first retry; doubles with each one. */
  readonly firstDelayMs: number
  readonly longestDelayMs: number
}

export const DEFAULT_RETRY: RetryPolicy = { retries: 5, firstDelayMs: 500, longestDelayMs: 16_000 }

/** A registry that wants to be left alone for longer is not waited for. */
const LONGEST_RETRY_AFTER_MS = 120_000

export interface RetryOptions {
  readonly policy: RetryPolicy
  readonly signal: AbortSignal
  /** Something worked before: see isTransient. */
  readonly wasReached: boolean
  /** Is called before the wait. `attempt` counts from 2: the one to come. */
  readonly onRetry?: (attempt: number, error: unknown) => void
}

/** Repeats what failed for a reason that may pass. */
export async function withRetry<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  for (let retries = 0; ; retries += 1) {
    try {
      return await work()
    } catch (error) {
      await waitForRetry(error, retries, options)
    }
  }
}

/**
 * Waits as long as it takes to try again.
 *
 * @param retries made so far without getting anywhere.
 * @throws the error itself when there is no point in trying again.
 */
export async function waitForRetry(error: unknown, retries: number, options: RetryOptions): Promise<void> {
  const { signal } = options
  const waitMs = delayMs(error, retries, options)
  if (signal.aborted || waitMs === undefined) throw error
  options.onRetry?.(retries + 2, error)
  await delay(waitMs, undefined, { signal })
}

/** Milliseconds before the next try, or undefined when there is none. */
function delayMs(error: unknown, retries: number, options: RetryOptions): number | undefined {
  const { policy, wasReached } = options
  if (retries >= policy.retries || !isTransient(error, wasReached)) return undefined
  const asked = error instanceof RegistryAnswerError ? error.retryAfterMs : undefined
  if (asked !== undefined) return asked <= LONGEST_RETRY_AFTER_MS ? asked : undefined
  return Math.min(policy.firstDelayMs * 2 ** retries, policy.longestDelayMs)
}
