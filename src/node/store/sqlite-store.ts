import type { DatabaseSync } from 'node:sqlite'
import { messageOf } from '../../failure.ts'
import { ChangeLog } from './change-log.ts'
import { JournaledStore } from './journaled-store.ts'
import { parseFrozen } from './object-json.ts'
import { ObjectTable } from './object-table.ts'
import { openDatabase } from './open-database.ts'
import { sqliteFailure, stateCorrupt } from './sqlite-failure.ts'
import { SqliteJournal } from './sqlite-journal.ts'
import type { Store } from './store.ts'

/** How many changes a watch may lag behind, also across a restart. */
const KEEP_CHANGES = 10_000
/** How many of them are in memory, so that watches that keep up read no disk. */
const KEEP_IN_MEMORY = 1_000

export interface SqliteStoreOptions {
  /** The database file; SQLite keeps `-wal` beside it. Its directory exists. */
  readonly path: string
  /**
   * What an answered write survives. `power-loss` waits for the disk (once per group of writes); `process-death` does
   * not: kill -9 loses nothing, a power failure may take the last writes, never the consistency.
   */
  readonly survives?: 'power-loss' | 'process-death'
  readonly keepChanges?: number
  readonly nowMs?: number
}

/**
 * A store on disk, in one process at a time.
 *
 * @throws Failure StateCorrupt, with the files left as they were; StateLocked; SetupFailed
 */
export function openSqliteStore(options: SqliteStoreOptions): Store {
  const { path, survives = 'power-loss', keepChanges = KEEP_CHANGES, nowMs = Date.now() } = options
  const database = openDatabase(path, survives === 'power-loss' ? 'FULL' : 'NORMAL', nowMs)
  try {
    const objects = loadObjects(database, path)
    const newest = database.prepare('SELECT coalesce(max(resource_version), 0) AS version FROM versions').get()
    const log = new ChangeLog(Math.min(KEEP_IN_MEMORY, keepChanges), Number(newest?.['version']))
    return new JournaledStore(new SqliteJournal(database, path, keepChanges), objects, log)
  } catch (thrown) {
    database.close()
    throw sqliteFailure('read the state in', path, thrown)
  }
}

function loadObjects(database: DatabaseSync, path: string): ObjectTable {
  const objects = new ObjectTable()
  const rows = database.prepare('SELECT resource, key, object FROM versions WHERE replaced_at IS NULL').iterate()
  for (const row of rows) {
    const [id, key] = [String(row['resource']), String(row['key'])]
    try {
      objects.put(id, key, parseFrozen(String(row['object'])))
    } catch (thrown) {
      throw stateCorrupt(path, `the object "${key}" of "${id}" is damaged (${messageOf(thrown)})`, thrown)
    }
  }
  return objects
}
