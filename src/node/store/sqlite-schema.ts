import type { DatabaseSync } from 'node:sqlite'
import { Failure } from '../../failure.ts'

interface Migration {
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

/** @throws Failure SetupFailed when a newer release wrote the database */
export function migrate(database: DatabaseSync, path: string, nowMs: number): void {
  database.exec(`CREATE TABLE IF NOT EXISTS migrations (
    version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at_ms INTEGER NOT NULL) STRICT`)
  const row = database.prepare('SELECT coalesce(max(version), 0) AS version FROM migrations').get()
  const applied = Number(row?.['version'])
  if (applied > MIGRATIONS.length) {
    throw new Failure(
      'SetupFailed',
      `open the state in "${path}": it has schema ${applied}, written by a newer peapod, and this one knows ` +
        `${MIGRATIONS.length}; use the newer peapod, or move the file away to start empty`,
    )
  }
  for (const [index, migration] of MIGRATIONS.entries()) {
    if (index < applied) continue
    database.exec('BEGIN IMMEDIATE')
    database.exec(migration.sql)
    database.prepare('INSERT INTO migrations VALUES (?, ?, ?)').run(index + 1, migration.name, Math.trunc(nowMs))
    database.exec('COMMIT')
  }
}
