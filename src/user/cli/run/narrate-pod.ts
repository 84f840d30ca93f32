import { isSidecar, type ContainerStatus, type Pod } from '../../../kube/api/pod.ts'
import { narrateContainer } from './narrate-container.ts'
import { toldOf, type Narrated, type Narration } from './narration.ts'
import type { PodNews } from './pod-news.ts'

/** What is new in the pod since it was seen last, in the order in which it happened. */
export function narratePod(before: Narration, pod: Pod, nowMs: number): Narrated {
  const told = statusesOf(pod).map((status) =>
    narrateContainer(toldOf(before, status.name), status, { pod, backOff: before.backOff }),
  )
  const isReady = hasCondition(pod, 'Ready')
  const becameReady = isReady && !hasCondition(before.pod, 'Ready')
  const containers = Object.fromEntries(told.map((one) => [one.told.status?.name ?? '', one.told]))
  return {
    narration: {
      ...before,
      pod,
      wasReady: before.wasReady || isReady,
      containers: { ...before.containers, ...containers },
    },
    news: [
      ...stoppingNews(before.pod, pod),
      ...told.flatMap((one) => one.news),
      ...(becameReady ? [readyNews(before, pod, nowMs)] : []),
      ...overNews(before.pod, pod),
    ],
  }
}

function stoppingNews(before: Pod, pod: Pod): readonly PodNews[] {
  const { deletionTimestamp, deletionGracePeriodSeconds: graceSeconds } = pod.metadata
  if (deletionTimestamp === undefined || graceSeconds === undefined) return []
  if (!statusesOf(pod).some((status) => status.state?.running)) return []
  const isNew = before.metadata.deletionTimestamp === undefined
  if (!isNew && before.metadata.deletionGracePeriodSeconds === graceSeconds) return []
  return [{ is: 'pod-stopping', graceSeconds }]
}

function readyNews(before: Narration, pod: Pod, nowMs: number): PodNews {
  const sidecars = (pod.spec.initContainers ?? []).filter(isSidecar)
  const counted = [...sidecars, ...pod.spec.containers].map((container) => container.name)
  const ready = statusesOf(pod).filter((status) => counted.includes(status.name) && status.ready).length
  const news = { is: 'pod-ready', ready, total: counted.length } as const
  return before.wasReady ? news : { ...news, tookMs: nowMs - before.createdAtMs }
}

function overNews(before: Pod, pod: Pod): readonly PodNews[] {
  const phase = pod.status?.phase
  if (phase === before.status?.phase || (phase !== 'Succeeded' && phase !== 'Failed')) return []
  const { reason, message } = pod.status ?? {}
  return [
    {
      is: 'pod-over',
      phase,
      ...(reason === undefined ? {} : { reason }),
      ...(message === undefined ? {} : { message }),
    },
  ]
}

function statusesOf(pod: Pod): readonly ContainerStatus[] {
  return [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]
}

function hasCondition(pod: Pod, type: string): boolean {
  return pod.status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false
}
