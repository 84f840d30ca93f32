import type { NotStarted, ObservedPod } from './observed-pod.ts'

interface Failed {
  readonly sourceChanges?: number
}

/** Whether an object that the pod stands on has changed since this failed: what was missing may be there now. */
export function isMaybeMended({ sourceChanges = 0 }: ObservedPod, failure: Failed): boolean {
  return sourceChanges > (failure.sourceChanges ?? 0)
}

/** Of all that keeps a container from its start, only this can be for want of an object. */
export function mayStartNow(seen: ObservedPod, failure: NotStarted): boolean {
  return failure.reason === 'CreateContainerConfigError' && isMaybeMended(seen, failure)
}
