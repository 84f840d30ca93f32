import { readdirSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { Failure } from '../../../failure.ts'
import { isAlive, type ProcessIdentity, parseIdentity, signalProcess } from './process-identity.ts'

const { SIGSTOP, SIGKILL } = constants.signals
const LIMIT_MS = 5_000
const PAUSE_MS = 2

/**
 * Kills a process and all that it has begun: its descendants, and what is in a session of one of them (a child whose
 * parent has ended has another parent, but still the session). All are stopped before the first one dies, so that none
 * forks away.
 *
 * @throws Failure RuntimeFailed when some survive.
 */
export async function killProcessTree(root: ProcessIdentity): Promise<void> {
  const endsAtMs = performance.now() + LIMIT_MS
  const doomed = new Map([[root.pid, root]])
  signalProcess(root, SIGSTOP)
  for (let fresh = begunBy(doomed); fresh.length > 0; fresh = begunBy(doomed)) {
    for (const identity of fresh) {
      doomed.set(identity.pid, identity)
      signalProcess(identity, SIGSTOP)
    }
  }
  for (;;) {
    for (const identity of begunBy(doomed)) doomed.set(identity.pid, identity)
    const left = [...doomed.values()].filter(isAlive)
    if (left.length === 0) return
    if (performance.now() > endsAtMs) {
      const pids = left.map(({ pid }) => pid).join(', ')
      throw new Failure('RuntimeFailed', `kill process ${root.pid} and its children: still alive: ${pids}`)
    }
    for (const identity of left) signalProcess(identity, SIGKILL)
    await delay(PAUSE_MS)
  }
}

/** Children of these, and members of their sessions, which have the number of the process that began them. */
function begunBy(pids: ReadonlyMap<number, ProcessIdentity>): ProcessIdentity[] {
  const found: ProcessIdentity[] = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || pids.has(Number(name))) continue
    const stat = readStat(name)
    const [, parent, , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (!pids.has(Number(parent)) && !pids.has(Number(session))) continue
    const identity = parseIdentity(Number(name), stat)
    if (identity !== undefined) found.push(identity)
  }
  return found
}

/** '' for a process that has ended. */
function readStat(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return ''
    throw error
  }
}
