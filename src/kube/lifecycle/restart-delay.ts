import type { Container } from '../api/pod.ts'
import { isImageChanged } from './image-change.ts'
import type { ExitedContainer, ObservedContainer } from './observed-pod.ts'

/** How the time between an exit and the next start grows: `firstMs` doubling to `maxMs` (R2, R3, R4). */
export interface BackOff {
  readonly firstMs: number
  readonly maxMs: number
}

export const NORMAL_BACK_OFF: BackOff = { firstMs: 10_000, maxMs: 300_000 }
export const FAST_BACK_OFF: BackOff = { firstMs: 1_000, maxMs: 60_000 }

/** A curve that never grows beyond a node's cap, and begins with it where it began higher (R3). */
export function cappedBackOff({ firstMs, maxMs }: BackOff, capMs: number): BackOff {
  return { firstMs: Math.min(firstMs, capMs), maxMs: Math.min(maxMs, capMs) }
}

/** A container that ran for this long starts with a clean slate (R2), whatever the curve (R4). */
const FORGIVEN_AFTER_MS = 600_000

/**
 * How long a container stays down before its next start (R2).
 *
 * @param crashes restarts since the container last ran for ten minutes.
 * @returns milliseconds after the exit: 0, 10 000, 20 000, 40 000 … at most 300 000.
 * @see https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy
 */
export function restartDelayMs(crashes: number, backOff: BackOff = NORMAL_BACK_OFF): number {
  return crashes <= 0 ? 0 : doubled(crashes - 1, backOff)
}

/** The delay that the exit of this container's newest instance earned. A new image has earned none (C4). */
export function earnedDelayMs(
  container: Container,
  record: ObservedContainer,
  earned: { readonly exit: ExitedContainer; readonly backOff: BackOff | undefined },
): number {
  if (isImageChanged(container, record)) return 0
  const { exit, backOff } = earned
  return delayAfter(exit, ranLongEnough(exit) ? 0 : record.crashes, backOff)
}

/**
 * The delay of a start which the record counts already: it is under way, or one of all (R7).
 *
 * @param before the end of the instance before.
 */
export function countedDelayMs(
  record: ObservedContainer,
  before: ExitedContainer,
  backOff: BackOff | undefined,
): number {
  return delayAfter(before, record.crashes - 1, backOff)
}

/**
 * A node stops a container for its probes and starts it again in one go, before it looks at the back-off that this end
 * has earned: such a restart waits only for what was earned by the ends before.
 */
function delayAfter(exit: ExitedContainer, crashes: number, backOff: BackOff | undefined): number {
  const isForProbe = exit.stoppedBecause === 'LivenessFailed' || exit.stoppedBecause === 'StartupFailed'
  return restartDelayMs(isForProbe ? crashes - 1 : crashes, backOff)
}

/**
 * What the record says of the instance that a 'start' begins, from the moment it is 'starting'. A start that is tried
 * again because it did not get as far as a process is still the same instance. A new image begins with a clean slate (C4).
 */
export function nextCounters(
  record: ObservedContainer,
  container?: Container,
): { readonly restarts: number; readonly crashes: number } {
  const { restarts, crashes, state } = record
  const hasNewImage = container !== undefined && isImageChanged(container, record)
  if (state.is !== 'exited') return { restarts, crashes: hasNewImage ? 0 : crashes }
  return { restarts: restarts + 1, crashes: hasNewImage ? 0 : (ranLongEnough(state) ? 0 : crashes) + 1 }
}

/** Which attempt in a row a start that does not get as far as a process is. Another image has none behind it (C4). */
export function nextAttempt(record: ObservedContainer | undefined, container: Container): number {
  if (record?.state.is !== 'not-started' || isImageChanged(container, record)) return 1
  return record.state.attempts + 1
}

/** `firstMs`, doubled so many times, at most `maxMs`. */
export function doubled(times: number, { firstMs, maxMs }: BackOff): number {
  return Math.min(firstMs * 2 ** times, maxMs)
}

function ranLongEnough(exit: ExitedContainer): boolean {
  return exit.startedAtMs > 0 && exit.finishedAtMs - exit.startedAtMs >= FORGIVEN_AFTER_MS
}
