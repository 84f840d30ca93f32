import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { Failure } from '../../../failure.ts'
import { identityOf, type ProcessIdentity, signalProcess } from './process-identity.ts'

const SIGKILL = 9
const LIMIT_MS = 5_000
const PAUSE_MS = 2

/**
 * Kills every process that has one of these among its arguments, with all their children, until none is left: conmon, the
 * runtime that it has just begun, and the container's first process, which has no group and no name yet.
 *
 * @param marks whole arguments that nobody else's program has, such as `--exit-dir=/var/lib/…/exits`.
 * @throws Failure RuntimeFailed when some survive.
 */
export async function killByArgument(marks: readonly string[]): Promise<void> {
  const endsAtMs = performance.now() + LIMIT_MS
  for (let found = findMarked(marks); found.length > 0; found = findMarked(marks)) {
    if (performance.now() > endsAtMs) {
      const pids = found.map(({ pid }) => pid).join(', ')
      throw new Failure('RuntimeFailed', `kill the processes with "${marks.join('" or "')}": still alive: ${pids}`)
    }
    for (const each of found) signalProcess(each, SIGKILL)
    await delay(PAUSE_MS)
  }
}

function findMarked(marks: readonly string[]): ProcessIdentity[] {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
  const marked = pids.filter((pid) => isMarked(pid, marks))
  if (marked.length === 0) return []
  return [...withDescendants(pids, marked)].map(identityOf).filter((identity) => identity !== undefined)
}

function isMarked(pid: number, marks: readonly string[]): boolean {
  const given = readProc(pid, 'cmdline').split('\0')
  return marks.some((mark) => given.includes(mark))
}

/** Children of a runtime in the middle of its work, such as `runc init`, name nothing. */
function withDescendants(pids: readonly number[], marked: readonly number[]): Set<number> {
  const parents = new Map(pids.map((pid) => [pid, parentOf(pid)]))
  const all = new Set(marked)
  for (let before = -1; before !== all.size;) {
    before = all.size
    for (const [pid, parent] of parents) if (all.has(parent)) all.add(pid)
  }
  return all
}

function parentOf(pid: number): number {
  const stat = readProc(pid, 'stat')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0)
}

/** '' for a process that has ended. */
function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return ''
    throw error
  }
}
