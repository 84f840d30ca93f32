import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Change } from './change.ts'
import type { Journal } from './journal.ts'
import { jsonOf, parseFrozen } from './object-json.ts'
import { sqliteFailure } from './sqlite-failure.ts'

/** Changes as rows of `versions`; see sqlite-schema.ts. */
export class SqliteJournal implements Journal {
  readonly #database: DatabaseSync
  readonly #path: string
  readonly #keep: number
  readonly #insert: StatementSync
  readonly #replace: StatementSync
  readonly #select: StatementSync
  #oldest: number

  /** @param keep at least so many changes are kept for watches, at most a fifth more. */
  constructor(database: DatabaseSync, path: string, keep: number) {
    this.#database = database
    this.#path = path
    this.#keep = keep
    this.#insert = database.prepare('INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?)')
    this.#replace = database.prepare('UPDATE versions SET replaced_at = ? WHERE resource_version = ?')
    this.#select = database.prepare(
      `SELECT v.resource_version, v.resource, v.key, v.removed, v.object, p.object AS previous
       FROM versions v LEFT JOIN versions p ON p.resource_version = v.previous
       WHERE v.resource_version > ? ORDER BY v.resource_version LIMIT ?`,
    )
    this.#oldest = Number(database.prepare('SELECT before FROM compacted').get()?.['before'])
  }

  get oldest(): number {
    return this.#oldest
  }

  append(changes: readonly Change[]): void {
    const newest = changes.at(-1)?.resourceVersion ?? 0
    const surplus = newest - this.#oldest - this.#keep
    const oldest = surplus > this.#keep / 5 ? this.#oldest + surplus : this.#oldest
    try {
      this.#database.exec('BEGIN IMMEDIATE')
      for (const change of changes) this.#write(change)
      if (oldest > this.#oldest) this.#compact(oldest)
      this.#database.exec('COMMIT')
    } catch (thrown) {
      // After some errors (a full disk) SQLite has rolled back by itself.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw sqliteFailure('write the state to', this.#path, thrown)
    }
    this.#oldest = oldest
  }

  read(after: number, limit: number): readonly Change[] {
    try {
      return this.#select.all(after, limit).map((row) => ({
        resourceVersion: Number(row['resource_version']),
        resourceId: String(row['resource']),
        key: String(row['key']),
        object: parseFrozen(String(row['object'])),
        ...(row['previous'] === null ? {} : { previous: parseFrozen(String(row['previous'])) }),
        removed: row['removed'] === 1,
      }))
    } catch (thrown) {
      throw sqliteFailure('read the state in', this.#path, thrown)
    }
  }

  close(): void {
    this.#database.close()
  }

  #write(change: Change): void {
    const { resourceVersion, previous } = change
    const previousVersion = previous === undefined ? null : Number(previous.metadata.resourceVersion)
    if (previousVersion !== null) this.#replace.run(resourceVersion, previousVersion)
    this.#insert.run(
      resourceVersion,
      change.resourceId,
      change.key,
      change.removed ? 1 : 0,
      previousVersion,
      change.removed ? resourceVersion : null,
      jsonOf(change.object),
    )
  }

  /** A version that was replaced after `oldest` stays: it is what a change that is kept says was there before. */
  #compact(oldest: number): void {
    this.#database.prepare('DELETE FROM versions WHERE replaced_at <= ?').run(oldest)
    this.#database.prepare('UPDATE compacted SET before = ?').run(oldest)
  }
}
