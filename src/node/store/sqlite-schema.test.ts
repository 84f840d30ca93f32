import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { Failure } from '../../failure.ts'
import { PODS } from './resources.ts'
import { migrate, type Migration } from './sqlite-schema.ts'
import { openSqliteStore } from './sqlite-store.ts'
import { pod } from './store-contract.ts'

/** As the first release wrote it, word for word: what users have on their disks. */
const FIRST_RELEASE = `
  PRAGMA journal_mode = WAL;
  CREATE TABLE migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at_ms INTEGER NOT NULL) STRICT;
  CREATE TABLE versions (resource_version INTEGER PRIMARY KEY, resource TEXT NOT NULL, key TEXT NOT NULL,
    removed INTEGER NOT NULL, previous INTEGER, replaced_at INTEGER, object TEXT NOT NULL) STRICT;
  CREATE UNIQUE INDEX newest ON versions (resource, key) WHERE replaced_at IS NULL;
  CREATE INDEX replaced ON versions (replaced_at) WHERE replaced_at IS NOT NULL;
  CREATE TABLE compacted (before INTEGER NOT NULL) STRICT;
  INSERT INTO compacted VALUES (0);
  INSERT INTO migrations VALUES (1, 'objects and their earlier versions', 0);`

const STEPS: readonly Migration[] = [
  { name: 'things', sql: "CREATE TABLE things (name TEXT) STRICT; INSERT INTO things VALUES ('one')" },
  { name: 'with a size', sql: 'ALTER TABLE things ADD COLUMN size INTEGER NOT NULL DEFAULT 7' },
]

describe('the schema of the store goes up with the releases', () => {
  let directory = ''
  let path = ''
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'peapod-schema-'))
    path = join(directory, 'state.db')
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  function withDatabase<T>(use: (database: DatabaseSync) => T): T {
    const database = new DatabaseSync(path)
    try {
      return use(database)
    } finally {
      database.close()
    }
  }

  const upgrade = (steps: readonly Migration[], nowMs: number): void =>
    withDatabase((database) => migrate({ database, path }, nowMs, steps))
  const rows = (sql: string): unknown[] =>
    withDatabase((database) =>
      database
        .prepare(sql)
        .all()
        .map((row) => Object.values(row)),
    )

  it('the state of the first release is read, watched from its versions, and written', async () => {
    withDatabase((database) => {
      database.exec(FIRST_RELEASE)
      const insert = database.prepare('INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?)')
      const stored = (version: number): string => JSON.stringify(pod('web', { resourceVersion: String(version) }))
      insert.run(1, '/pods', 'test/web', 0, null, 2, stored(1))
      insert.run(2, '/pods', 'test/web', 0, 1, null, stored(2))
    })
    const store = openSqliteStore({ path })
    assert.deepEqual(store.get(PODS, { namespace: 'test', name: 'web' }), pod('web', { resourceVersion: '2' }))
    const watch = store.watch({ resource: PODS, fromResourceVersion: '1', signal: AbortSignal.timeout(5_000) })
    for await (const { type, resourceVersion } of watch) {
      assert.deepEqual([type, resourceVersion], ['MODIFIED', '2'])
      break
    }
    assert.equal((await store.create(PODS, pod('new'))).metadata.resourceVersion, '3')
    await store.close()
  })

  it('what is missing is applied, in order, once; what was there stays', () => {
    upgrade(STEPS.slice(0, 1), 1)
    upgrade(STEPS, 2)
    upgrade(STEPS, 3)
    assert.deepEqual(rows('SELECT * FROM things'), [['one', 7]])
    assert.deepEqual(rows('SELECT * FROM migrations'), [
      [1, 'things', 1],
      [2, 'with a size', 2],
    ])
  })

  it('a step that fails leaves the state as it was before it', () => {
    upgrade(STEPS, 1)
    const broken: Migration = {
      name: 'broken',
      sql: `INSERT INTO things VALUES ('two', 1); INSERT INTO nowhere VALUES (1)`,
    }
    assert.throws(() => upgrade([...STEPS, broken], 2), /no such table: nowhere/)
    assert.deepEqual(rows('SELECT * FROM things'), [['one', 7]])
    assert.deepEqual(rows('SELECT version FROM migrations'), [[1], [2]])
    upgrade(STEPS, 3)
  })

  it('the state of a newer release is refused in clear words and not touched', async () => {
    const store = openSqliteStore({ path })
    await store.create(PODS, pod('web'))
    await store.close()
    withDatabase((database) => database.exec(`INSERT INTO migrations VALUES (99, 'from the future', 0)`))
    const before = readFileSync(path)
    assert.throws(
      () => openSqliteStore({ path }),
      (thrown) => {
        assert.ok(thrown instanceof Failure)
        assert.equal(thrown.reason, 'SetupFailed')
        assert.equal(
          thrown.message,
          `open the state in "${path}": it has schema 99, written by a newer peapod, and this one knows 1; ` +
            'use the newer peapod, or move the file away to start empty',
        )
        return true
      },
    )
    assert.deepEqual(readFileSync(path), before)
  })
})
