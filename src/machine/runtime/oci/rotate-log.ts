import { closeSync, constants, linkSync, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Failure, messageOf } from '../../../failure.ts'
import { readPlan, type RecordedPlan } from './container-record.ts'
import { containerFiles, type RuntimeLayout } from './runtime-layout.ts'

/** conmon's word for "reopen the logs" in its control file: a kind, and two numbers that it has no use for. */
const REOPEN = '2 0 0\n'
const LONGEST_REQUESTS_BYTES = 65_536
/** A conmon that has read the word has a new file in well under a millisecond, unless the disk is stuck. */
const IS_UNDER_WAY_MS = 1_000
const LOOK_FIRST_AFTER_MS = 1
const LOOK_AT_LEAST_EVERY_MS = 20

/**
 * Has conmon go on in a new log file; see ContainerRuntime. conmon makes `<log>.tmp`, and renames it over the log between
 * two of its writes: what was written until then needs its second name before, and a second word would throw away what was
 * written after the first. So whoever finds a second name on the log takes back a word that was not read yet.
 */
export async function rotateLog(
  layout: RuntimeLayout,
  { id, keptAs }: { readonly id: string; readonly keptAs: string },
  signal: AbortSignal,
): Promise<void> {
  const plan = readPlan(containerFiles(layout, id))
  const inode = plan === undefined ? undefined : inodeOf(plan.logFile)
  if (plan === undefined || inode === undefined) return
  const isBegun = inodeOf(keptAs) === inode
  if (isBegun && !takeBack(plan) && (await isReplaced(plan, inode, AbortSignal.timeout(IS_UNDER_WAY_MS)))) return
  let isAsked: boolean
  try {
    if (!isBegun) linkSync(plan.logFile, keptAs)
    isAsked = ask(plan)
  } catch (error) {
    undo(plan, keptAs)
    throw new Failure('InternalError', `rotate the log "${plan.logFile}": ${messageOf(error)}`, { cause: error })
  }
  const isOver = !isAsked || !(await isReplaced(plan, inode, signal))
  // Asked and not done, only a conmon that is gone will never do it.
  if (isOver && !signal.aborted) undo(plan, keptAs)
}

/** @returns whether conmon was there to be asked. */
function ask(plan: RecordedPlan): boolean {
  // A conmon that can't make its file ends on the spot, with the container unwatched: on a full disk we fail first.
  closeSync(openSync(`${plan.logFile}.tmp`, 'a', 0o600))
  const fd = openControl(plan, constants.O_WRONLY)
  if (fd === undefined) return false
  try {
    writeSync(fd, REOPEN)
    return true
  } finally {
    closeSync(fd)
  }
}

/** @returns whether there were words that conmon had not read: a size for the terminal may be among them. */
function takeBack(plan: RecordedPlan): boolean {
  const fd = openControl(plan, constants.O_RDONLY)
  if (fd === undefined) return false
  try {
    return readSync(fd, Buffer.alloc(LONGEST_REQUESTS_BYTES)) > 0
  } catch (error) {
    if (codeOf(error) === 'EAGAIN') return false
    throw error
  } finally {
    closeSync(fd)
  }
}

/** Waits while the log is still the same file. @returns false after an abort, and when no conmon is left to replace it. */
async function isReplaced(plan: RecordedPlan, inode: number, signal: AbortSignal): Promise<boolean> {
  let waitMs = LOOK_FIRST_AFTER_MS
  while (!signal.aborted) {
    // Asked before the look: what conmon did until its end is seen.
    const isWatched = isThere(plan)
    if (inodeOf(plan.logFile) !== inode) return true
    if (!isWatched) return false
    await delay(waitMs)
    waitMs = Math.min(2 * waitMs, LOOK_AT_LEAST_EVERY_MS)
  }
  return false
}

function isThere(plan: RecordedPlan): boolean {
  const fd = openControl(plan, constants.O_WRONLY)
  if (fd !== undefined) closeSync(fd)
  return fd !== undefined
}

/** @returns undefined when no conmon listens: the container has ended. */
function openControl(plan: RecordedPlan, access: number): number | undefined {
  try {
    return openSync(join(plan.directory, 'ctl'), access | constants.O_NONBLOCK)
  } catch (error) {
    if (codeOf(error) === 'ENXIO' || codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** The log has but one name again, and that is its own. */
function undo(plan: RecordedPlan, keptAs: string): void {
  const inode = inodeOf(plan.logFile)
  if (inode !== undefined && inode === inodeOf(keptAs)) rmSync(keptAs, { force: true })
  rmSync(`${plan.logFile}.tmp`, { force: true })
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
