import { chmodSync, closeSync, existsSync, fsyncSync, openSync, readSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Failure, messageOf } from '../../failure.ts'
import { sqliteFailure, stateCorrupt } from './sqlite-failure.ts'
import { migrate } from './sqlite-schema.ts'

const SQLITE_HEADER = 'SQLite format 3\0'

/**
 * Opens the database, made first when there is none, for this process alone.
 *
 * @throws Failure StateCorrupt (nothing was changed), StateLocked, SetupFailed
 */
export function openDatabase(path: string, synchronous: 'FULL' | 'NORMAL', nowMs: number): DatabaseSync {
  if (existsSync(path)) checkDatabase(path)
  else if (hasContent(`${path}-wal`))
    throw stateCorrupt(path, `the file is missing, and its log "${path}-wal" is there`)
  else createDatabase(path, nowMs)
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path)
    // Exclusive: the kernel frees the lock when this process dies, and SQLite needs no shared memory.
    database.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = ${synchronous}; BEGIN IMMEDIATE; COMMIT`)
    migrate({ database, path }, nowMs)
    return database
  } catch (thrown) {
    database?.close()
    throw sqliteFailure('open the state in', path, thrown)
  }
}

/** Whole or not at all, so that an empty file can only be one that was damaged. */
function createDatabase(path: string, nowMs: number): void {
  const unfinished = `${path}.new`
  try {
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${unfinished}${suffix}`, { force: true })
    // Secrets are in it; its log gets the same mode from SQLite.
    closeSync(openSync(unfinished, 'wx', 0o600))
    chmodSync(unfinished, 0o600)
    const database = new DatabaseSync(unfinished)
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    migrate({ database, path }, nowMs)
    database.close()
    renameSync(unfinished, path)
    const directory = openSync(dirname(path), 'r')
    fsyncSync(directory)
    closeSync(directory)
  } catch (thrown) {
    if (thrown instanceof Error && 'errcode' in thrown) throw sqliteFailure('create the state in', path, thrown)
    throw new Failure('SetupFailed', `create the state in "${path}": ${messageOf(thrown)}`, { cause: thrown })
  }
}

/** Read-only, so that SQLite repairs nothing and writes no log back into a damaged file. */
function checkDatabase(path: string): void {
  const size = statSync(path).size
  if (size === 0) throw stateCorrupt(path, 'the file is empty')
  if (readStart(path) !== SQLITE_HEADER) throw stateCorrupt(path, 'the file is not a database')
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { readOnly: true })
    const answer = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check']
    if (answer !== 'ok') throw stateCorrupt(path, `the file is damaged (${String(answer).replaceAll('\n', ' ')})`)
  } catch (thrown) {
    throw sqliteFailure('open the state in', path, thrown)
  } finally {
    database?.close()
  }
}

function readStart(path: string): string {
  const file = openSync(path, 'r')
  const start = Buffer.alloc(SQLITE_HEADER.length)
  readSync(file, start)
  closeSync(file)
  return start.toString('latin1')
}

function hasContent(path: string): boolean {
  return existsSync(path) && statSync(path).size > 0
}
