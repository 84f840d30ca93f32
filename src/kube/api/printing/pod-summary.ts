import { type ContainerStatus, isSidecar, type Pod } from '../pod.ts'
import { humanDuration } from './human-duration.ts'

/** What `kubectl get pods` says of a pod. */
export interface PodSummary {
  /** Ready containers of those that are meant to stay: `2/3`. */
  readonly ready: string
  /** One word: `Running`, `Init:1/3`, `CrashLoopBackOff`, `Completed`, `Terminating` … */
  readonly status: string
  /** `3`, or `3 (5s ago)` when it is known how the last one ended. */
  readonly restarts: string
}

/** The words of kubectl. Source: printPod of pkg/printers/internalversion. */
export function summarizePod(pod: Pod, nowMs: number): PodSummary {
  const { status } = pod
  const sidecars = new Set((pod.spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name))
  const init = lookAtInit(pod, sidecars)
  const isInitialized = init.word === undefined || hasCondition(pod, 'Initialized')
  const apps = isInitialized ? lookAtApps(pod) : undefined
  const counted = isInitialized
    ? [...init.counted.filter(({ name }) => sidecars.has(name)), ...(status?.containerStatuses ?? [])]
    : init.counted
  const ready = init.ready + (apps?.ready ?? 0)
  return {
    ready: `${ready}/${pod.spec.containers.length + sidecars.size}`,
    status: deletionWord(pod) ?? apps?.word ?? init.word ?? wordBeforeContainers(pod),
    restarts: restartsOf(counted, nowMs),
  }
}

interface InitView {
  /** What the first init container that is not done yet says; undefined when all are. */
  readonly word: string | undefined
  /** How many sidecars before it are ready. */
  readonly ready: number
  /** The containers up to that one: later ones never ran. */
  readonly counted: readonly ContainerStatus[]
}

function lookAtInit(pod: Pod, sidecars: ReadonlySet<string>): InitView {
  const statuses = pod.status?.initContainerStatuses ?? []
  let ready = 0
  for (const [index, container] of statuses.entries()) {
    const { terminated, waiting } = container.state ?? {}
    if (terminated?.exitCode === 0) continue
    if (sidecars.has(container.name) && container.started === true) {
      if (container.ready) ready++
      continue
    }
    const reason = waiting?.reason ?? ''
    const word =
      endWord(container) ??
      (reason === '' || reason === 'PodInitializing' ? `${index}/${pod.spec.initContainers?.length ?? 0}` : reason)
    return { word: `Init:${word}`, ready, counted: statuses.slice(0, index + 1) }
  }
  return { word: undefined, ready, counted: statuses }
}

function lookAtApps(pod: Pod): { readonly word: string | undefined; readonly ready: number } {
  const statuses = pod.status?.containerStatuses ?? []
  const ready = statuses.filter((container) => container.ready && container.state?.running !== undefined).length
  // What the first container says counts most, so that a pod's word does not change with the others.
  const word = statuses.map(containerWord).find((each) => each !== undefined)
  if (word !== 'Completed' || ready === 0) return { word, ready }
  return { word: hasCondition(pod, 'Ready') ? 'Running' : 'NotReady', ready }
}

function containerWord(container: ContainerStatus): string | undefined {
  const reason = container.state?.waiting?.reason ?? ''
  return reason === '' ? endWord(container) : reason
}

function endWord({ state }: ContainerStatus): string | undefined {
  const ended = state?.terminated
  if (ended === undefined) return undefined
  const { reason = '', signal = 0, exitCode } = ended
  if (reason !== '') return reason
  return signal === 0 ? `ExitCode:${exitCode}` : `Signal:${signal}`
}

function wordBeforeContainers({ status }: Pod): string {
  const isGated = status?.conditions?.some(
    ({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated',
  )
  if (isGated === true) return 'SchedulingGated'
  const { reason = '', phase = '' } = status ?? {}
  return reason === '' ? phase : reason
}

function deletionWord({ metadata, status }: Pod): string | undefined {
  if (metadata.deletionTimestamp === undefined) return undefined
  if (status?.reason === 'NodeLost') return 'Unknown'
  const isOver = status?.phase === 'Succeeded' || status?.phase === 'Failed'
  return isOver ? undefined : 'Terminating'
}

function restartsOf(containers: readonly ContainerStatus[], nowMs: number): string {
  const restarts = containers.reduce((sum, { restartCount }) => sum + restartCount, 0)
  const ends = containers.flatMap(({ lastState }) => lastState?.terminated?.finishedAt ?? [])
  if (restarts === 0 || ends.length === 0) return String(restarts)
  const lastAtMs = Math.max(...ends.map((instant) => Date.parse(instant)))
  return `${restarts} (${humanDuration(nowMs - lastAtMs)} ago)`
}

function hasCondition({ status }: Pod, wanted: string): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === wanted && is === 'True') ?? false
}
