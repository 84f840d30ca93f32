import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** One process for good: a number alone is given to another process some day. */
export interface ProcessIdentity {
  readonly pid: number
  /** When it began, in clock ticks since the boot. */
  readonly startTicks: number
}

const LONGEST_PAUSE_MS = 20
/** linux/sched.h */
const PF_EXITING = 0x4

/** undefined when no such process runs: a zombie does not. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const stat = readStat(pid)
  return stat === undefined ? undefined : parseIdentity(pid, stat)
}

function readStat(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch (error) {
    // ESRCH: it ended between open and read.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

/** @see proc_pid_stat(5): the name in parentheses may hold anything, spaces and parentheses too. */
export function parseIdentity(pid: number, stat: string): ProcessIdentity | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state] = fields
  if (state === 'Z' || state === 'X') return undefined
  return { pid, startTicks: Number(fields[19]) }
}

export function isAlive(known: ProcessIdentity): boolean {
  return identityOf(known.pid)?.startTicks === known.startTicks
}

/** Whether the kernel is taking it down, or has done so: nothing of its program runs any more. */
export function isEnding(known: ProcessIdentity): boolean {
  if (!isAlive(known)) return true
  const stat = readStat(known.pid) ?? ''
  const flags = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[6])
  return (flags & PF_EXITING) !== 0
}

/** @returns whether it ended within the time. */
export async function waitForEnd(known: ProcessIdentity, limitMs: number): Promise<boolean> {
  const endsAtMs = performance.now() + limitMs
  for (let pauseMs = 1; isAlive(known); pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    if (performance.now() > endsAtMs) return false
    await delay(pauseMs)
  }
  return true
}

/** Sends a signal; a process that is gone is no error. */
export function signalProcess(known: ProcessIdentity, signalNumber: number): void {
  if (!isAlive(known)) return
  try {
    process.kill(known.pid, signalNumber)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
