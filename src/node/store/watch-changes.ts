import { computeWatchEvent, resourceId } from './change.ts'
import type { ChangeLog } from './change-log.ts'
import type { History } from './history.ts'
import type { KubeObject, WatchEvent, WatchOptions } from './store.ts'

/** Follows the log from a version on, at the reader's pace, with nothing buffered for it but a page of the log. */
export async function* watchChanges<T extends KubeObject>(
  log: ChangeLog,
  history: History,
  options: WatchOptions<T>,
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  const { signal, bookmarkEveryMs } = options
  const id = resourceId(options.resource)
  const isOver = (): boolean => signal.aborted || log.closed
  let cursor = history.parseVersion(options.fromResourceVersion)
  let told = cursor
  while (!isOver()) {
    for (const change of history.after(cursor)) {
      cursor = change.resourceVersion
      const event = change.resourceId === id ? computeWatchEvent(change, options) : undefined
      if (event === undefined) continue
      told = cursor
      yield event
      if (isOver()) return
    }
    if (cursor < log.end) continue
    const isTimeForBookmark = await waitForChange(log, signal, bookmarkEveryMs)
    if (isTimeForBookmark && cursor === log.end && cursor > told) {
      told = cursor
      yield { type: 'BOOKMARK', resourceVersion: String(cursor) }
    }
  }
}

/** @returns true when the time was over first. */
function waitForChange(log: ChangeLog, signal: AbortSignal, limitMs: number | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const stop = (isTimeOver: boolean): void => {
      clearTimeout(timer)
      stopListening()
      signal.removeEventListener('abort', onAbort)
      resolve(isTimeOver)
    }
    const onAbort = (): void => stop(false)
    const stopListening = log.onceMore(() => stop(false))
    const timer = limitMs === undefined ? undefined : setTimeout(stop, limitMs, true)
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) stop(false)
  })
}
