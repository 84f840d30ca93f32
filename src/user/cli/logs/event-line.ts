import type { PodEvent } from '../../client/resource-type.ts'

/** `app · Started: Started container app (3 times)`; what is of no container is of the pod. */
export function eventLine(event: PodEvent): string {
  const container = /\{(.+)\}$/.exec(event.involvedObject.fieldPath ?? '')?.[1]
  const subject = container ?? `pod ${event.involvedObject.name ?? ''}`
  const count = event.series?.count ?? event.count ?? 1
  const times = count > 1 ? ` (${count} times)` : ''
  const warning = event.type === 'Warning' ? 'warning: ' : ''
  return `${subject} · ${warning}${event.reason ?? ''}: ${event.message ?? ''}${times}`
}

/** When it happened last, RFC 3339. */
export function eventTime(event: PodEvent): string {
  return event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp ?? ''
}
