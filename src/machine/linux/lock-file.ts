import { closeSync, fstatSync, openSync, statSync } from 'node:fs'
import { constants } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { Failure } from '../../failure.ts'
import { libc } from './libc.ts'
import { systemCallFailure } from './system-call-failure.ts'

const LOCK_EX = 2
const LOCK_NB = 4
const LONGEST_PAUSE_MS = 50

export interface HeldLock {
  /** Idempotent. The file stays. */
  release(): void
}

/**
 * Takes the exclusive flock(2) of a file, which is made when it is missing, or answers undefined when another process
 * (or another holder in this one) has it. The lock ends with the process, however that ends; children do not inherit it.
 */
export function tryLockFile(path: string): Promise<HeldLock | undefined> {
  return Promise.try(tryLock, path)
}

/** Takes the lock as soon as it is free. @throws Failure Interrupted after an abort. */
export async function lockFile(path: string, signal: AbortSignal): Promise<HeldLock> {
  // A blocked flock can't be aborted from within this process, so it asks again and again.
  for (let pauseMs = 1; !signal.aborted; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    const lock = tryLock(path)
    if (lock !== undefined) return lock
    await delay(pauseMs)
  }
  throw new Failure('Interrupted', `wait for the lock "${path}": stopped before it was free`, { cause: signal.reason })
}

function tryLock(path: string): HeldLock | undefined {
  for (;;) {
    // Node opens every file with O_CLOEXEC.
    const fd = openSync(path, 'a', 0o600)
    const answer = libc().flock(fd, LOCK_EX | LOCK_NB)
    if (answer < 0) {
      closeSync(fd)
      if (answer === -constants.errno.EWOULDBLOCK) return undefined
      throw systemCallFailure(answer, `lock "${path}"`)
    }
    if (isStillThere(fd, path)) return { release: closeOnce(fd) }
    // Another process removed the file between open and flock: that lock would exclude nobody.
    closeSync(fd)
  }
}

function isStillThere(fd: number, path: string): boolean {
  const held = fstatSync(fd)
  const named = statSync(path, { throwIfNoEntry: false })
  return named !== undefined && named.ino === held.ino && named.dev === held.dev
}

function closeOnce(fd: number): () => void {
  let open = true
  return () => {
    if (open) closeSync(fd)
    open = false
  }
}
