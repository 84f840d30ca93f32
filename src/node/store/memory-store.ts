import { ChangeLog } from './change-log.ts'
import type { Journal } from './journal.ts'
import { JournaledStore } from './journaled-store.ts'
import { ObjectTable } from './object-table.ts'
import type { Store } from './store.ts'

/** How many changes a watch may lag behind, at least: twice as many, some 10 kB each, are in memory at most. */
const KEEP_CHANGES = 2_000

const NO_JOURNAL: Journal = {
  append: () => undefined,
  oldest: Infinity,
  read: () => [],
  close: () => undefined,
}

/** A store that ends with the process. */
export function openMemoryStore(options: { readonly keepChanges?: number } = {}): Store {
  return new JournaledStore(NO_JOURNAL, new ObjectTable(), new ChangeLog(options.keepChanges ?? KEEP_CHANGES, 0))
}
