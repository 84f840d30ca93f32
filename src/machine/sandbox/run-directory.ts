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

/** Runs a function while no other peapod program changes claims or the network. Keep it short. */
export async function withMachineLock<T>(signal: AbortSignal, change: () => T | Promise<T>): Promise<T> {
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
