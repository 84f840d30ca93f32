import type { ContainerStatus, Pod } from '../../../kube/api/pod.ts'

/** Whether a Pod has come up. */
export type StartVerdict =
  | { readonly is: 'waiting' }
  | { readonly is: 'up' }
  /** It will not, as it is. */
  | { readonly is: 'failed'; readonly why: string }

/**
 * What a container waits for that only somebody's help ends. A first failed pull, or a first crash, is tried again at once
 * and does not count.
 */
const HOPELESS: ReadonlySet<string> = new Set([
  'CrashLoopBackOff',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'CreateContainerConfigError',
  'CreateContainerError',
])

/** Ready or Succeeded is up; Failed, deleted, or with a container that cannot start is not. */
export function startVerdict(pod: Pod): StartVerdict {
  const { phase, reason, message } = pod.status ?? {}
  if (phase === 'Succeeded') return { is: 'up' }
  if (phase === 'Failed') return { is: 'failed', why: joined(reason, message) || failedContainer(pod) }
  if (pod.metadata.deletionTimestamp !== undefined) return { is: 'failed', why: 'it is being deleted' }
  const stuck = statusesOf(pod).find(({ state }) => HOPELESS.has(state?.waiting?.reason ?? ''))
  if (stuck !== undefined) {
    return { is: 'failed', why: `${stuck.name}: ${joined(stuck.state?.waiting?.reason, stuckMessage(stuck))}` }
  }
  if (isAhead(pod)) return { is: 'waiting' }
  return { is: isReady(pod) ? 'up' : 'waiting' }
}

/** The status does not know of the newest spec yet. */
function isAhead({ metadata, status }: Pod): boolean {
  const seen = status?.observedGeneration
  return seen !== undefined && metadata.generation !== undefined && seen < metadata.generation
}

function isReady({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false
}

function failedContainer(pod: Pod): string {
  const failed = statusesOf(pod).find(({ state }) => (state?.terminated?.exitCode ?? 0) !== 0)
  if (failed === undefined) return 'Failed'
  return `${failed.name}: ${endOf(failed.state?.terminated)}`
}

/** How it ended last says more than that it is kept down. */
function stuckMessage({ state, lastState }: ContainerStatus): string | undefined {
  return lastState?.terminated === undefined ? state?.waiting?.message : `last time ${endOf(lastState.terminated)}`
}

function endOf(terminated: NonNullable<ContainerStatus['state']>['terminated']): string {
  const { exitCode = 0, reason, message } = terminated ?? {}
  const why = reason === undefined || reason === 'Error' || reason === 'Completed' ? '' : ` (${reason})`
  return `exited ${exitCode}${why}${message === undefined ? '' : `: ${message.trim()}`}`
}

function statusesOf({ status }: Pod): readonly ContainerStatus[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
}

function joined(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join(': ')
}
