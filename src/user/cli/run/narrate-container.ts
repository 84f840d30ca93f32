import type { ContainerStatus, Pod } from '../../../kube/api/pod.ts'
import { parseDurationMs } from '../duration.ts'
import { expectedPullRetryMs, expectedRestartMs, type RestartBackOff } from './expected-restart.ts'
import type { ContainerNarration, ToldInstance } from './narration.ts'
import { neverRan, type ContainerNews } from './pod-news.ts'

export interface NarratedContainer {
  readonly told: ContainerNarration
  readonly news: readonly ContainerNews[]
}

/** What is new in one container's status, in the order in which it happened. */
export function narrateContainer(
  before: ContainerNarration,
  status: ContainerStatus,
  { pod, backOff }: { readonly pod: Pod; readonly backOff: RestartBackOff },
): NarratedContainer {
  const container = status.name
  const instances = instancesOf(status, before.instances)
  const news: ContainerNews[] = []
  let toldRestartInMs = before.toldRestartInMs
  for (const { key, number, terminated } of instances) {
    const known = before.instances.find((old) => old.key === key)
    // A pod that ends tells of the instance before the last one again: it was told when it was the last.
    if (known === undefined && before.instances.some((old) => old.number > number)) continue
    if (known === undefined && (terminated === undefined || !neverRan({ reason: terminated.reason ?? '' }))) {
      news.push({ is: 'started', container, instance: number })
    }
    if (terminated === undefined || known?.isOver === true) continue
    const exit = exitOf({ terminated, number, status, pod, backOff })
    toldRestartInMs = exit.restartInMs
    news.push({ container, ...exit })
  }
  const toldExit = news.some((item) => item.is === 'exited')
  const waiting = toldExit
    ? undefined
    : waitingNews({ ...before, ...optional('toldRestartInMs', toldRestartInMs) }, status)
  const failedPull = waiting?.is === 'not-started' && waiting.reason === 'ErrImagePull'
  const pullFailures = status.state?.running ? 0 : before.pullFailures + (failedPull ? 1 : 0)
  if (waiting !== undefined) news.push(waiting)
  if (waiting?.is === 'back-off') toldRestartInMs = waiting.inMs
  news.push(...readinessNews(before.status, status, pod))
  return {
    told: {
      ...optional('pullingSinceMs', before.pullingSinceMs),
      status,
      instances: instances.map(({ key, number, terminated }) => ({ key, number, isOver: terminated !== undefined })),
      pullFailures,
      ...optional('toldRestartInMs', toldRestartInMs),
    },
    news,
  }
}

type Terminated = NonNullable<NonNullable<ContainerStatus['state']>['terminated']>

interface Instance {
  readonly key: string
  readonly number: number
  readonly terminated?: Terminated
}

/** The instances that a status tells of: at most the newest and the one before, oldest first. */
function instancesOf(status: ContainerStatus, known: readonly ToldInstance[]): readonly Instance[] {
  const { state, lastState, restartCount } = status
  const instances: Instance[] = []
  const add = (key: string, number: number, terminated?: Terminated): void => {
    const old = known.find((candidate) => candidate.key === key)
    instances.push({ key, number: old?.number ?? Math.max(0, number), ...optional('terminated', terminated) })
  }
  const last = lastState?.terminated
  if (last !== undefined) {
    // While it waits for its next start the newest instance is the last one, and restartCount is its number.
    const number = (state?.running ?? state?.terminated) ? restartCount - 1 : restartCount
    add(keyOf(last, number), number, last)
  }
  if (state?.terminated !== undefined && !isMadeUp(state.terminated)) {
    // Counted already for the start that is under way: the instance before it has not become the last one yet.
    const number = last === undefined ? restartCount - 1 : restartCount
    add(keyOf(state.terminated, Math.max(0, number)), number, state.terminated)
  }
  if (state?.running !== undefined) add(status.containerID ?? `number ${restartCount}`, restartCount)
  return instances
}

/** A container that never was, in a pod that has ended: the status says something, but nothing happened. */
function isMadeUp(terminated: Terminated): boolean {
  return terminated.containerID === undefined && terminated.reason === 'ContainerStatusUnknown'
}

function keyOf(terminated: Terminated, number: number): string {
  return terminated.containerID ?? `number ${number}`
}

interface SeenExit {
  readonly terminated: Terminated
  readonly number: number
  readonly status: ContainerStatus
  readonly pod: Pod
  readonly backOff: RestartBackOff
}

function exitOf(seen: SeenExit) {
  const { terminated, number, status, pod, backOff } = seen
  const { exitCode, reason = '', message } = terminated
  const isRunningAgain = status.state?.running !== undefined
  const ranMs = Date.parse(terminated.finishedAt ?? '') - Date.parse(terminated.startedAt ?? '')
  const expectedMs = expectedRestartMs(pod, status.name, { instance: number, exitCode, ranMs: ranMs || 0, backOff })
  const restartInMs = isRunningAgain ? 0 : (backOffMs(status.state?.waiting) ?? expectedMs)
  return {
    is: 'exited' as const,
    instance: number,
    exitCode,
    reason,
    ...optional('message', message?.trim()),
    ...optional('restartInMs', restartInMs),
  }
}

/** Reasons to wait that need no line: the container is on its way, or the failed start was told as an exit. */
const NO_NEWS = ['', 'ContainerCreating', 'PodInitializing', 'RunContainerError']

function waitingNews(before: ContainerNarration, status: ContainerStatus): ContainerNews | undefined {
  const waiting = status.state?.waiting
  const last = before.status?.state?.waiting
  const reason = waiting?.reason ?? ''
  const container = status.name
  if (waiting === undefined || (last?.reason === reason && last.message === waiting.message)) return undefined
  if (reason === 'CrashLoopBackOff') {
    const inMs = backOffMs(waiting)
    return inMs === undefined || inMs === before.toldRestartInMs ? undefined : { is: 'back-off', container, inMs }
  }
  if (NO_NEWS.includes(reason) && !(reason === 'RunContainerError' && status.lastState?.terminated === undefined)) {
    return undefined
  }
  // The same failure once more, now with the word for waiting.
  if (reason === 'ImagePullBackOff' && last?.reason === 'ErrImagePull') return undefined
  const againInMs =
    backOffMs(waiting) ?? (reason === 'ErrImagePull' ? expectedPullRetryMs(before.pullFailures + 1) : undefined)
  return { is: 'not-started', container, reason, message: waiting.message ?? '', ...optional('againInMs', againInMs) }
}

/** Only where a probe says more than that the container runs. */
function readinessNews(
  previous: ContainerStatus | undefined,
  status: ContainerStatus,
  pod: Pod,
): readonly ContainerNews[] {
  const { name } = status
  const container = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].find((one) => one.name === name)
  const isProbed = container?.readinessProbe !== undefined || container?.startupProbe !== undefined
  if (!isProbed || status.state?.running === undefined) return []
  const isSameInstance = previous?.state?.running !== undefined && previous.restartCount === status.restartCount
  const wasReady = isSameInstance && previous.ready
  if (status.ready && !wasReady) return [{ is: 'ready', container: name }]
  const isStopping = pod.metadata.deletionTimestamp !== undefined
  return wasReady && !status.ready && !isStopping ? [{ is: 'not-ready', container: name }] : []
}

/** `back-off 10s restarting failed container=…` */
function backOffMs(waiting: { readonly message?: string } | undefined): number | undefined {
  const text = /back-off (\d[\dhmsµun.]*)/i.exec(waiting?.message ?? '')?.[1]
  return text === undefined ? undefined : parseDurationMs(text)
}

/** `{ [name]: value }`, or nothing when there is no value. */
function optional<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { readonly [Key in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { [Key in Name]: Value })
}
