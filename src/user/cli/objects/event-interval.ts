import { humanDuration } from '../../../kube/api/printing/human-duration.ts'
import type { PodEvent } from '../../client/resource-type.ts'

/** How long ago, and how often: `3s (x6 over 58s)`, in kubectl's words. */
export function eventInterval(event: PodEvent, nowMs: number): string {
  const { eventTime, firstTimestamp, lastTimestamp, series, count = 0 } = event
  const ago = (instant: string | null | undefined): string =>
    instant === undefined || instant === null ? '<unknown>' : humanDuration(nowMs - Date.parse(instant))
  const first = ago(eventTime ?? firstTimestamp)
  if (series) return `${ago(series.lastObservedTime)} (x${series.count ?? 0} over ${first})`
  return count > 1 ? `${ago(lastTimestamp)} (x${count} over ${first})` : first
}

/** The one that was seen last comes last. Instants are seconds: within one, the order in which the server was told counts. */
export function byTime(one: PodEvent, other: PodEvent): number {
  return eventAtMs(one) - eventAtMs(other) || versionOf(one) - versionOf(other) || 0
}

/** Not a number on every server: then it says nothing. */
function versionOf({ metadata }: PodEvent): number {
  return Number(metadata.resourceVersion)
}

/** Epoch milliseconds at which it was seen last. */
function eventAtMs({ series, lastTimestamp, eventTime, firstTimestamp, metadata }: PodEvent): number {
  const { creationTimestamp } = metadata as { readonly creationTimestamp?: string }
  const instant = series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? firstTimestamp ?? creationTimestamp
  return instant ? Date.parse(instant) : 0
}
