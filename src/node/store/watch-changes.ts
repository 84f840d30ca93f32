import { computeWatchEvent, resourceId } from './change.ts'
import type { ChangeLog } from './change-log.ts'
import type { History } from './history.ts'
import type { AnyChange, KubeObject, WatchEvent, WatchOptions } from './store.ts'

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
  let toldAtMs = performance.now()
  while (!isOver()) {
    for (const change of history.after(cursor)) {
      cursor = change.resourceVersion
      const event = change.resourceId === id ? computeWatchEvent(change, options) : undefined
      if (event === undefined) continue
      told = cursor
      toldAtMs = performance.now()
      yield event
      if (isOver()) return
    }
    if (cursor < log.end) continue
    // Changes that this watch has nothing to say of come and go meanwhile: they do not put the bookmark off.
    const leftMs = bookmarkEveryMs === undefined ? undefined : toldAtMs + bookmarkEveryMs - performance.now()
    if (leftMs === undefined || leftMs > 0) {
      await waitForChange(log, signal, leftMs)
      continue
    }
    toldAtMs = performance.now()
    if (cursor === told) continue
    told = cursor
    yield { type: 'BOOKMARK', resourceVersion: String(cursor) }
  }
}

/** The same for all resources, every change as it is. */
export async function* watchAllChanges(
  log: ChangeLog,
  history: History,
  { fromResourceVersion, signal }: { readonly fromResourceVersion: string; readonly signal: AbortSignal },
): AsyncGenerator<AnyChange, void, undefined> {
  const isOver = (): boolean => signal.aborted || log.closed
  let cursor = history.parseVersion(fromResourceVersion)
  while (!isOver()) {
    for (const { resourceVersion, resourceId: id, object, previous, removed } of history.after(cursor)) {
      cursor = resourceVersion
      const kept = previous === undefined ? 'ADDED' : 'MODIFIED'
      yield { resourceId: id, type: removed ? 'DELETED' : kept, object }
      if (isOver()) return
    }
    if (cursor >= log.end) await waitForChange(log, signal, undefined)
  }
}

/** Settles with the next change, the signal, or after the limit. */
function waitForChange(log: ChangeLog, signal: AbortSignal, limitMs: number | undefined): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      clearTimeout(timer)
      stopListening()
      signal.removeEventListener('abort', stop)
      resolve()
    }
    const stopListening = log.onceMore(stop)
    const timer = limitMs === undefined ? undefined : setTimeout(stop, limitMs)
    signal.addEventListener('abort', stop)
    if (signal.aborted) stop()
  })
}
