import { isSidecar, type ContainerStatus, type Pod } from '../../../kube/api/pod.ts'

/**
 * The exit code that a pod's end stands for: 0 when it Succeeded, else that of the container that failed it (an init
 * container, or the first app container in spec order), else 1: also when the pod ended for a reason of its own, such as
 * DeadlineExceeded, because its containers' codes then come from being stopped.
 */
export function podExitCode(pod: Pod): number {
  if (pod.status?.phase === 'Succeeded') return 0
  if (pod.status?.phase !== 'Failed' || pod.status.reason !== undefined) return 1
  const sidecars = (pod.spec.initContainers ?? []).filter(isSidecar).map((container) => container.name)
  const init = (pod.status.initContainerStatuses ?? []).filter((status) => !sidecars.includes(status.name))
  const apps = pod.spec.containers.map((container) =>
    pod.status?.containerStatuses?.find((status) => status.name === container.name),
  )
  return [...init, ...apps].map(failedCode).find((code) => code !== undefined) ?? 1
}

function failedCode(status: ContainerStatus | undefined): number | undefined {
  const code = status?.state?.terminated?.exitCode
  return code === undefined || code === 0 ? undefined : code
}
