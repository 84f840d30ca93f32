import type { ContainerStatus, PodStatus } from '../api/pod.ts'

/** What is told of a pod's containers, of all kinds. */
export function everyStatus(status: PodStatus | undefined): readonly ContainerStatus[] {
  const { initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] } = status ?? {}
  return [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses]
}
