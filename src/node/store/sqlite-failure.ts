import { Failure, messageOf } from '../../failure.ts'

/** https://www.sqlite.org/rescode.html, primary codes */
const SQLITE_BUSY = 5
const SQLITE_IOERR = 10
const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_NOTADB = 26

/** What SQLite threw, as something a person can act on. */
export function sqliteFailure(attempt: string, path: string, thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown
  const cause = { cause: thrown }
  switch (primaryCode(thrown)) {
    case SQLITE_BUSY:
      return new Failure('StateLocked', `${attempt} "${path}": another process has it open; stop that one first`, cause)
    case SQLITE_FULL:
      return new Failure('ServiceUnavailable', `${attempt} "${path}": the disk is full; free some space`, cause)
    case SQLITE_IOERR:
      return new Failure(
        'ServiceUnavailable',
        `${attempt} "${path}": the disk answered ${messageOf(thrown)}; check the disk and its free space`,
        cause,
      )
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return stateCorrupt(path, messageOf(thrown), thrown)
    case undefined:
    default:
      return new Failure('InternalError', `${attempt} "${path}": SQLite answered ${messageOf(thrown)}`, cause)
  }
}

export function stateCorrupt(path: string, what: string, cause?: unknown): Failure {
  return new Failure(
    'StateCorrupt',
    `open the state in "${path}": ${what}; the files were left as they are: put back a copy of them, or move ` +
      `"${path}", "${path}-wal" and "${path}-shm" away to start with an empty state`,
    { cause },
  )
}

function primaryCode(thrown: unknown): number | undefined {
  const code = thrown instanceof Error && 'errcode' in thrown ? thrown.errcode : undefined
  // The low byte is the primary code; the rest says more about it.
  return typeof code === 'number' ? code & 0xff : undefined
}
