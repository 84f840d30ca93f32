import type { ContainerStatus, Pod } from '../../kube/api/pod.ts'
import type { ExitedContainer, ObservedContainer, ObservedPod } from '../../kube/lifecycle/observed-pod.ts'
import { VANISHED } from './adopt-pod.ts'

/**
 * What is known of a pod whose record is lost, while its status is not: counts go on from there (invariant 6), what runs
 * once does not run again (C1), everything else begins anew.
 */
export function seenWithoutRecord(
  pod: Pod,
  { hasFolder, nowMs }: { readonly hasFolder: boolean; readonly nowMs: number },
): ObservedPod {
  const { startTime, initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses } = pod.status ?? {}
  const counted = [...initContainerStatuses, ...containerStatuses].filter(({ restartCount }) => restartCount > 0)
  const ended = (ephemeralContainerStatuses ?? []).flatMap((status) => {
    const state = endOf(status, nowMs)
    return state === undefined ? [] : [{ name: status.name, state }]
  })
  return {
    acceptedAtMs: startTime === undefined ? nowMs : Math.min(nowMs, Date.parse(startTime)),
    adoptedAtMs: nowMs,
    sandbox: hasFolder
      ? { is: 'failed', message: 'nothing is known of the sandbox', failedAtMs: 0, attempts: 0 }
      : { is: 'absent' },
    containers: Object.fromEntries([
      ...counted.map(({ name, restartCount }) => [name, record(restartCount, { is: 'absent' })]),
      ...ended.map(({ name, state }) => [name, record(0, state)]),
    ]) as Record<string, ObservedContainer>,
  }
}

function record(restarts: number, state: ObservedContainer['state']): ObservedContainer {
  return { restarts, crashes: 0, sandboxAttempt: -1, state }
}

function endOf({ containerID, state }: ContainerStatus, nowMs: number): ExitedContainer | undefined {
  const { running, terminated } = state ?? {}
  const id = containerID?.replace(/^peapod:\/\//, '') ?? ''
  if (running !== undefined) {
    return { is: 'exited', id, ...VANISHED, startedAtMs: instantMs(running.startedAt, 0), finishedAtMs: nowMs }
  }
  if (terminated === undefined) return undefined
  const { exitCode, reason = 'Error', message, signal, startedAt, finishedAt } = terminated
  return {
    is: 'exited',
    id,
    exitCode,
    reason,
    ...(signal !== undefined && { signal }),
    ...(message !== undefined && { message }),
    startedAtMs: instantMs(startedAt, 0),
    finishedAtMs: instantMs(finishedAt, nowMs),
  }
}

function instantMs(instant: string | undefined, otherwiseMs: number): number {
  return instant === undefined ? otherwiseMs : Date.parse(instant)
}
