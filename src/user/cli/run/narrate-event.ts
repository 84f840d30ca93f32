import type { Pod } from '../../../kube/api/pod.ts'
import type { PodEvent } from '../../client/resource-type.ts'
import { parseDurationMs } from '../duration.ts'
import { toldOf, type ContainerNarration, type Narrated, type Narration } from './narration.ts'
import type { PodNews } from './pod-news.ts'

/** What an event tells that the status does not: pulls, stops, and warnings. */
export function narrateEvent(before: Narration, event: PodEvent, nowMs: number): Narrated {
  const count = event.count ?? event.series?.count ?? 1
  const known = before.eventCounts[event.metadata.name] ?? 0
  if (event.involvedObject.uid !== before.pod.metadata.uid || count <= known) return { narration: before, news: [] }
  const narration = { ...before, eventCounts: { ...before.eventCounts, [event.metadata.name]: count } }
  const container = /\{(.+)\}$/.exec(event.involvedObject.fieldPath ?? '')?.[1]
  if (event.type === 'Warning') return { narration, news: warningNews(event, container, count) }
  if (container === undefined) return { narration, news: [] }

  const told = toldOf(before, container)
  const image = imageOf(before.pod, container)
  if (event.reason === 'Pulling') {
    return {
      narration: withTold(narration, container, { ...told, pullingSinceMs: nowMs }),
      news: [{ is: 'pulling', container, image }],
    }
  }
  if (event.reason === 'Pulled' && told.pullingSinceMs !== undefined) {
    const { pullingSinceMs, ...rest } = told
    const tookMs = tookMsIn(event.message ?? '') ?? nowMs - pullingSinceMs
    return { narration: withTold(narration, container, rest), news: [{ is: 'pulled', container, image, tookMs }] }
  }
  if (event.reason === 'Killing' && told.status?.state?.running !== undefined) {
    return { narration, news: [stoppingNews(event, container)] }
  }
  return { narration, news: [] }
}

/** The status tells these already, with what comes next. */
const TOLD_BY_STATUS = ['Failed', 'BackOff']

function warningNews(event: PodEvent, container: string | undefined, count: number): readonly PodNews[] {
  if (TOLD_BY_STATUS.includes(event.reason ?? '')) return []
  // The 1st, 2nd, 4th, 8th … time: a probe that fails every second must not drown the output.
  if ((count & (count - 1)) !== 0) return []
  const warning = { is: 'warning', reason: event.reason ?? '', message: event.message ?? '', count } as const
  return [container === undefined ? warning : { ...warning, container }]
}

/** "Stopping container web" says no more than the line does; "Container web failed liveness probe …" does. */
function stoppingNews(event: PodEvent, container: string): PodNews {
  const message = event.message ?? ''
  return { is: 'stopping', container, message: message.startsWith('Stopping container') ? '' : message }
}

/** `Successfully pulled image "nginx" in 1.204s (1.204s including waiting)` */
function tookMsIn(message: string): number | undefined {
  const text = / in (\d[\dhmsµun.]*)/.exec(message)?.[1]
  return text === undefined ? undefined : parseDurationMs(text)
}

function withTold(narration: Narration, container: string, told: ContainerNarration): Narration {
  return { ...narration, containers: { ...narration.containers, [container]: told } }
}

function imageOf(pod: Pod, name: string): string {
  return [...(pod.spec.initContainers ?? []), ...pod.spec.containers].find((one) => one.name === name)?.image ?? ''
}
