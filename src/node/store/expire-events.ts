import { Failure } from '../../failure.ts'
import { type Event, EVENTS } from './resources.ts'
import type { Store } from './store.ts'

/** As long as a Kubernetes API server keeps them by default (`--event-ttl`). */
const KEPT_MS = 60 * 60 * 1000
/** So many removals share a commit; others get their turn in between. */
const BATCH = 100

/**
 * Removes the Events that told of something for the last time more than an hour ago.
 *
 * @returns how many were removed.
 * @throws Failure when the store takes no removal: its disk is full, it is closed
 */
export async function expireEvents(store: Store, nowMs: number): Promise<number> {
  const old = store.list(EVENTS).items.filter((event) => isExpired(event, nowMs))
  let removed = 0
  for (let start = 0; start < old.length; start += BATCH) {
    const removals = await Promise.all(old.slice(start, start + BATCH).map((event) => removeEvent(store, event)))
    removed += removals.filter(Boolean).length
  }
  return removed
}

/** What lies in the future was told before the clock was set back, or is a client's invention: it does not count. */
export function isExpired(event: Event, nowMs: number): boolean {
  const { metadata, lastTimestamp, eventTime, series } = event
  const told = [metadata.creationTimestamp, lastTimestamp, eventTime, series?.lastObservedTime]
    .map((time) => Date.parse(time ?? ''))
    .filter((atMs) => atMs <= nowMs)
  return told.length > 0 && nowMs - Math.max(...told) > KEPT_MS
}

/** One that has told something again meanwhile stays. */
async function removeEvent(store: Store, { metadata }: Event): Promise<boolean> {
  const { namespace, name = '', uid, resourceVersion } = metadata
  try {
    await store.delete(EVENTS, { namespace, name }, { uid, resourceVersion })
    return true
  } catch (error) {
    if (error instanceof Failure && (error.reason === 'NotFound' || error.reason === 'Conflict')) return false
    throw error
  }
}
