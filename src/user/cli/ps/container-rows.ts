import { humanDuration } from '../../../kube/api/printing/human-duration.ts'
import { allContainers, isSidecar, type Container, type ContainerStatus, type Pod } from '../../../kube/api/pod.ts'

/** What `ps` says of one container, in the words that the pod's own row would use. */
export interface ContainerRow {
  readonly name: string
  readonly ready: string
  readonly status: string
  readonly restarts: string
  /** Since its last start. */
  readonly age: string
}

/** The containers of a pod that are there, in the order in which they start; finished init containers are left out. */
export function containerRows(pod: Pod, nowMs: number): readonly ContainerRow[] {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]
  const inits = new Set((pod.spec.initContainers ?? []).filter((init) => !isSidecar(init)))
  return allContainers(pod).flatMap((container) => {
    const status = statuses.find(({ name }) => name === container.name)
    const isDone = inits.has(container) && status?.state?.terminated?.exitCode === 0
    return isDone ? [] : [rowOf(container, status, nowMs)]
  })
}

function rowOf({ name }: Container, status: ContainerStatus | undefined, nowMs: number): ContainerRow {
  const { running, terminated, waiting } = status?.state ?? {}
  const since = running?.startedAt ?? terminated?.finishedAt
  const word = waiting?.reason ?? terminated?.reason ?? (running === undefined ? 'Pending' : 'Running')
  return {
    name,
    ready: status?.ready === true ? '1/1' : '0/1',
    status: terminated === undefined || terminated.reason !== undefined ? word : `ExitCode:${terminated.exitCode}`,
    restarts: String(status?.restartCount ?? 0),
    age: since === undefined ? '' : humanDuration(nowMs - Date.parse(since)),
  }
}
