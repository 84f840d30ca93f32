import type { Container, Pod } from '../api/pod.ts'
import { isImageChanged } from './image-change.ts'
import type { ObservedContainer, RunningContainer } from './observed-pod.ts'
import type { StopReason } from './pod-action.ts'

export interface OwnStopReason {
  readonly because: StopReason
  readonly graceSeconds: number
}

/** Why one running container of a pod that goes on has to be stopped, if it has to (H1, P4, C4, Q6). */
export function ownStopReason(
  pod: Pod,
  container: Container,
  seen: { readonly record: ObservedContainer; readonly state: RunningContainer; readonly isStoppedToResize: boolean },
): OwnStopReason | undefined {
  const { postStart, probes } = seen.state
  const graceSeconds = pod.spec.terminationGracePeriodSeconds
  if (typeof postStart === 'object') return { because: 'PostStartFailed', graceSeconds }
  if (isImageChanged(container, seen.record)) return { because: 'ImageChanged', graceSeconds }
  if (probes?.startup?.result === 'failure') {
    const own = container.startupProbe?.terminationGracePeriodSeconds
    return { because: 'StartupFailed', graceSeconds: own ?? graceSeconds }
  }
  if (probes?.liveness?.result === 'failure') {
    const own = container.livenessProbe?.terminationGracePeriodSeconds
    return { because: 'LivenessFailed', graceSeconds: own ?? graceSeconds }
  }
  return seen.isStoppedToResize ? { because: 'Resized', graceSeconds } : undefined
}
