import { isSidecar, type ContainerStatus, type Pod } from '../../../kube/api/pod.ts'
import type { ContainerExit } from './pod-news.ts'

/** A run of this long wipes the slate clean (R2). */
const FORGIVEN_AFTER_MS = 600_000
/** Between an end and the next start; the first start after the first end comes at once. */
const CURVES = { normal: { firstMs: 10_000, maxMs: 300_000 }, fast: { firstMs: 1_000, maxMs: 60_000 } } as const

/** Which of a node's two curves: see `--restart-backoff` (R2, R4). */
export type RestartBackOff = keyof typeof CURVES

/**
 * When Kubernetes' rules start a container again that has just ended: a node tells so only a little later, and its word
 * then counts (R1, R2, S3, S6).
 *
 * @returns milliseconds after the exit; undefined when it stays down.
 */
export function expectedRestartMs(
  pod: Pod,
  container: string,
  exit: Pick<ContainerExit, 'instance' | 'exitCode'> & { readonly ranMs: number; readonly backOff: RestartBackOff },
): number | undefined {
  if (pod.metadata.deletionTimestamp !== undefined || isFinal(pod) || pod.status?.reason !== undefined) return undefined
  if (!isRestarted(pod, container, exit.exitCode)) return undefined
  return exit.ranMs >= FORGIVEN_AFTER_MS ? 0 : doubledDelayMs(exit.instance, exit.backOff)
}

/** Failed pulls wait 10 s, 20 s, 40 s … at most 300 s (Q10). */
export function expectedPullRetryMs(failures: number): number {
  return doubledDelayMs(Math.max(1, failures), 'normal')
}

/** 0, 10 s, 20 s, 40 s … */
function doubledDelayMs(count: number, backOff: RestartBackOff): number {
  const { firstMs, maxMs } = CURVES[backOff]
  return count === 0 ? 0 : Math.min(firstMs * 2 ** (count - 1), maxMs)
}

function isRestarted(pod: Pod, name: string, exitCode: number): boolean {
  const init = pod.spec.initContainers?.find((container) => container.name === name)
  if (init !== undefined && isSidecar(init)) return pod.spec.containers.some((app) => !isDone(pod, app.name))
  const app = pod.spec.containers.find((container) => container.name === name)
  const policy = (init ?? app)?.restartPolicy ?? pod.spec.restartPolicy
  if (exitCode !== 0) return policy !== 'Never'
  return init === undefined && policy === 'Always'
}

function isDone(pod: Pod, app: string): boolean {
  const status = pod.status?.containerStatuses?.find((candidate: ContainerStatus) => candidate.name === app)
  const exitCode = status?.state?.terminated?.exitCode
  return exitCode !== undefined && !isRestarted(pod, app, exitCode)
}

function isFinal(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
}
