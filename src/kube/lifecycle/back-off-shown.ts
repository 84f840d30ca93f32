import type { ExitedContainer, NotStarted } from './observed-pod.ts'
import { isPullFailure, startRetryDelayMs } from './start-retry-delay.ts'

/** Kubernetes tells a failure itself first, then that the next try is put off: about as late as its next look. */
const SHOWN_ITSELF_MS = 1_000

/** From when on a container that ended is told as CrashLoopBackOff. */
export function backOffShownAtMs(exit: ExitedContainer, delayMs: number): number {
  return exit.finishedAtMs + Math.min(SHOWN_ITSELF_MS, delayMs / 2)
}

/** From when on ErrImagePull is told as ImagePullBackOff; Infinity for what knows no such word. */
export function pullBackOffShownAtMs(failure: NotStarted): number {
  if (!isPullFailure(failure)) return Infinity
  return failure.failedAtMs + Math.min(SHOWN_ITSELF_MS, startRetryDelayMs(failure.attempts) / 2)
}
