import type { DatabaseSync } from 'node:sqlite'
import { Failure } from '../../failure.ts'

export interface Migration {
  readonly name: string
  readonly sql: string
}

/**
 * How a database of any earlier release becomes one of this release: applied in order, each once. Never change one that
 * was released; add the next.
 */
const MIGRATIONS: readonly Migration[] = [
  {
    name: 'objects and their earlier versions',
    // One row per change. `replaced_at` is the version that took its place (of a removal: its own); the rows without it
    // are the objects of now. `compacted.before`: changes after this version are all here.
    sql: `
      CREATE TABLE versions (
        resource_version INTEGER PRIMARY KEY,
        resource TEXT NOT NULL,
        key TEXT NOT NULL,
        removed INTEGER NOT NULL,
        previous INTEGER,
        replaced_at INTEGER,
        object TEXT NOT NULL
      ) STRICT;
      CREATE UNIQUE INDEX newest ON versions (resource, key) WHERE replaced_at IS NULL;
      CREATE INDEX replaced ON versions (replaced_at) WHERE replaced_at IS NOT NULL;
      CREATE TABLE compacted (before INTEGER NOT NULL) STRICT;
      INSERT INTO compacted VALUES (0);`,
  },
]

/** The open database, and how messages name it. */
interface Opened {
  readonly database: DatabaseSync
  readonly path: string
}

/**
 * Makes the database one of this release. A migration happens wholly or not at all.
 *
 * @throws Failure SetupFailed when a newer release wrote the database; nothing was changed
 */
export function migrate({ database, path }: Opened, nowMs: number, migrations = MIGRATIONS): void {
  database.exec(`CREATE TABLE IF NOT EXISTS migrations (
    version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at_ms INTEGER NOT NULL) STRICT`)
  const row = database.prepare('SELECT coalesce(max(version), 0) AS version FROM migrations').get()
  const applied = Number(row?.['version'])
  if (applied > migrations.length) {
    throw new Failure(
      'SetupFailed',
      `open the state in "${path}": it has schema ${applied}, written by a newer peapod, and this one knows ` +
        `${migrations.length}; use the newer peapod, or move the file away to start empty`,
    )
  }
  for (const [index, migration] of migrations.entries()) {
    if (index < applied) continue
    database.exec('BEGIN IMMEDIATE')
    database.exec(migration.sql)
    database.prepare('INSERT INTO migrations VALUES (?, ?, ?)').run(index + 1, migration.name, Math.trunc(nowMs))
    database.exec('COMMIT')
  }
}
