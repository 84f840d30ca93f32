import { allContainers, isSidecar, type ContainerStatus, type Pod } from '../../../kube/api/pod.ts'
import type { SeenPod } from './pod-view.ts'

/** The API keeps the output of the newest instance of a container, and of the one before. */
const KEPT_INSTANCES = 2

/**
 * Which instance of a container to read next, by its restartCount.
 *
 * @param after the one that was read last.
 * @returns `over` when none comes any more; undefined: wait.
 */
export function nextInstance(
  { pod, isGone }: SeenPod,
  container: string,
  after: number | undefined,
): number | 'over' | undefined {
  const status = statusOf(pod, container)
  if (status !== undefined && hasBegun(status)) {
    const newest = status.restartCount
    if (after === undefined) return newest
    if (newest > after) return Math.max(after + 1, newest - KEPT_INSTANCES + 1)
  }
  const phase = pod.status?.phase
  if (isGone || phase === 'Succeeded' || phase === 'Failed') return 'over'
  return status?.state?.terminated !== undefined && !startsAgain(pod, container, status) ? 'over' : undefined
}

/** Whether an instance has ended, as far as is known. */
export function isInstanceOver({ pod, isGone }: SeenPod, container: string, instance: number): boolean {
  const status = statusOf(pod, container)
  if (isGone || (status !== undefined && status.restartCount > instance)) return true
  return status?.restartCount === instance && hasBegun(status) && status.state?.running === undefined
}

function hasBegun({ state, lastState }: ContainerStatus): boolean {
  return [state?.running, state?.terminated, lastState?.terminated].some((one) => one !== undefined)
}

function startsAgain(pod: Pod, name: string, { state }: ContainerStatus): boolean {
  if (pod.metadata.deletionTimestamp !== undefined) return false
  const container = allContainers(pod).find((one) => one.name === name)
  // Ephemeral containers have one instance.
  if (container === undefined) return false
  if ((container.restartPolicyRules ?? []).length > 0) return true
  const isInit = pod.spec.initContainers?.includes(container) === true
  const failed = state?.terminated?.exitCode !== 0
  if (isInit && !isSidecar(container)) return failed && pod.spec.restartPolicy !== 'Never'
  const policy = container.restartPolicy ?? pod.spec.restartPolicy
  return policy === 'Always' || (policy === 'OnFailure' && failed)
}

function statusOf({ status }: Pod, name: string): ContainerStatus | undefined {
  const all = [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ]
  return all.find((one) => one.name === name)
}
