import { isSidecar } from '../api/pod.ts'
import type { Container, Pod, PodStatus } from '../api/pod.ts'

/** How a pod ended, as a program that ran it in the foreground should end. */
export type PodExit =
  | { readonly phase: 'Succeeded'; readonly exitCode: 0 }
  | {
      readonly phase: 'Failed'
      /** That of the container that failed first; 1 when none did, as when a deadline passed. */
      readonly exitCode: number
      readonly container?: string
    }

/** undefined while the pod is not over. Sidecars never decide (S10). */
export function computePodExit(pod: Pod, status: PodStatus): PodExit | undefined {
  if (status.phase === 'Succeeded') return { phase: 'Succeeded', exitCode: 0 }
  if (status.phase !== 'Failed') return undefined
  const deciding = [...(pod.spec.initContainers ?? []).filter((init) => !isSidecar(init)), ...pod.spec.containers]
  const failures = deciding.flatMap((container) => failureOf(container, status)).sort(byInstant)
  const first = failures[0]
  return first === undefined
    ? { phase: 'Failed', exitCode: 1 }
    : { phase: 'Failed', exitCode: first.exitCode, container: first.container }
}

interface ContainerFailure {
  readonly container: string
  readonly exitCode: number
  readonly finishedAt: string
}

function failureOf({ name }: Container, status: PodStatus): ContainerFailure[] {
  const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]
  const end = all.find((container) => container.name === name)?.state?.terminated
  if (end === undefined || end.exitCode === 0) return []
  // One that was never found has no instant: it failed last.
  return [{ container: name, exitCode: end.exitCode, finishedAt: end.finishedAt ?? '9999' }]
}

/** Instants of one form compare as text; equal ones stay in the order of the spec. */
function byInstant(a: ContainerFailure, b: ContainerFailure): number {
  return a.finishedAt < b.finishedAt ? -1 : a.finishedAt > b.finishedAt ? 1 : 0
}
