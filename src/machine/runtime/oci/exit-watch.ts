import { type FSWatcher, watch } from 'node:fs'
import { Failure } from '../../../failure.ts'
import type { ContainerRecord } from '../container-runtime.ts'
import { isLost, observeContainer, recordedIds } from './container-record.ts'
import type { RuntimeLayout } from './runtime-layout.ts'
import { settleLost } from './settle-lost.ts'

export type ExitedRecord = ContainerRecord & { readonly is: 'exited' }

/** Reports each exit once, however it came to be known. */
export interface ExitWatch {
  onExit(listener: (record: ExitedRecord) => void): () => void
  /** Looks at one container now. */
  readonly look: (id: string) => void
  /** A container is gone for good: its ID may be used again. */
  forget(id: string): void
  close(): Promise<void>
}

/** conmon may be killed before it tells an exit; of those that an earlier process of ours started, nobody tells us. */
const LOST_PERIOD_MS = 2_000

export function openExitWatch(layout: RuntimeLayout): ExitWatch {
  const listeners = new Set<(record: ExitedRecord) => void>()
  const reported = new Set<string>()
  const settling = new Map<string, Promise<void>>()
  let closed = false

  const look = (id: string) => {
    if (closed || reported.has(id)) return
    const record = observeContainer(layout, id)
    if (record?.is === 'exited') {
      reported.add(id)
      for (const listener of listeners) listener(record)
    } else if (record !== undefined && isLost(layout, id) && !settling.has(id)) {
      settling.set(id, settle(id))
    }
  }
  const settle = async (id: string) => {
    try {
      await settleLost(layout, id)
    } catch (error) {
      // Processes that the kernel holds and disks that take nothing are tried again at the next look; anything else is a
      // fault of ours.
      if (!(error instanceof Failure) && !(error instanceof Error && 'errno' in error)) throw error
    } finally {
      settling.delete(id)
    }
    // Through the file that it has written.
    look(id)
  }
  const lookAtAll = () => recordedIds(layout).forEach(look)

  // The watch comes first: what ends while the folder is read is seen twice rather than never.
  const watcher = watchFolder(layout.exits, look)
  // What ended before is told by list, not as news.
  for (const id of recordedIds(layout)) if (observeContainer(layout, id)?.is === 'exited') reported.add(id)
  const timer = setInterval(lookAtAll, LOST_PERIOD_MS)
  timer.unref()

  return {
    onExit(listener) {
      // One function given twice is two listeners.
      const own = (record: ExitedRecord) => listener(record)
      listeners.add(own)
      return () => listeners.delete(own)
    },
    look,
    forget: (id) => reported.delete(id),
    async close() {
      closed = true
      clearInterval(timer)
      watcher.close()
      await Promise.all(settling.values())
    },
  }
}

/** conmon writes a file of another name and renames it: a file under its right name is whole. */
function watchFolder(folder: string, changed: (name: string) => void): FSWatcher {
  const watcher = watch(folder, (_, name) => {
    if (name !== null) changed(name)
  })
  // Without the watch (its folder was removed, say) exits are still noticed, at the period of the lost ones.
  watcher.on('error', () => watcher.close())
  return watcher
}
