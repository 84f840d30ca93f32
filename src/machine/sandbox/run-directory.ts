import { mkdirSync } from 'node:fs'
import { lockFile } from '../linux/lock-file.ts'

/**
 * What all peapod programs of a machine share, whatever their state directories. It is gone after a reboot, as are the
 * links, rules and namespaces that it tells of.
 */
const RUN_DIRECTORY = '/run/peapod'
export const ADDRESSES_DIRECTORY = `${RUN_DIRECTORY}/addresses`
export const PORTS_DIRECTORY = `${RUN_DIRECTORY}/ports`
export const SANDBOXES_DIRECTORY = `${RUN_DIRECTORY}/sandboxes`
const LOCK_FILE = `${RUN_DIRECTORY}/lock`

/** Those of this program that wait for the lock: in order, without asking the file again and again. */
let lastInLine: Promise<unknown> = Promise.resolve()

/** Runs a function while no other peapod program, and no other part of this one, changes claims or the network. */
export function withMachineLock<T>(signal: AbortSignal, change: () => T | Promise<T>): Promise<T> {
  const turn = lastInLine.then(() => withLockFile(signal, change))
  // Whoever waits next must not fail because this one did; it has its own caller to tell.
  lastInLine = turn.catch(() => undefined)
  return turn
}

async function withLockFile<T>(signal: AbortSignal, change: () => T | Promise<T>): Promise<T> {
  for (const directory of [ADDRESSES_DIRECTORY, PORTS_DIRECTORY, SANDBOXES_DIRECTORY]) {
    mkdirSync(directory, { recursive: true, mode: 0o755 })
  }
  const lock = await lockFile(LOCK_FILE, signal)
  try {
    return await change()
  } finally {
    lock.release()
  }
}
