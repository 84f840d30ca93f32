import { readdirSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { Failure } from '../../../failure.ts'
import { isAlive, type ProcessIdentity, parseIdentity, signalProcess } from './process-identity.ts'

const { SIGSTOP, SIGKILL } = constants.signals
const LIMIT_MS = 5_000
const PAUSE_MS = 2

interface Doomed {
  readonly identity: ProcessIdentity
  readonly session: string
}

/**
 * Kills a process and all that it has begun: its descendants, and whoever shares a session with one of them (a child whose
 * parent has ended has another parent, but still the session). All are stopped before the first one dies, so that none
 * forks away.
 *
 * @param root the leader of a session, so that it shares none with anybody else.
 * @throws Failure RuntimeFailed when some survive.
 */
export async function killProcessTree(root: ProcessIdentity): Promise<void> {
  const endsAtMs = performance.now() + LIMIT_MS
  const doomed = new Map<string, Doomed>([[String(root.pid), { identity: root, session: String(root.pid) }]])
  signalProcess(root, SIGSTOP)
  while (doom(doomed, SIGSTOP) > 0);
  for (;;) {
    doom(doomed, SIGKILL)
    const left = [...doomed.values()].map(({ identity }) => identity).filter(isAlive)
    if (left.length === 0) return
    if (performance.now() > endsAtMs) {
      const pids = left.map(({ pid }) => pid).join(', ')
      throw new Failure('RuntimeFailed', `kill process ${root.pid} and its children: still alive: ${pids}`)
    }
    for (const identity of left) signalProcess(identity, SIGKILL)
    await delay(PAUSE_MS)
  }
}

/** Adds those whom the doomed ones have begun, and signals them. @returns how many there were. */
function doom(doomed: Map<string, Doomed>, signalNumber: number): number {
  const sessions = new Set([...doomed.values()].map(({ session }) => session))
  let added = 0
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid) || doomed.has(pid)) continue
    const stat = readStat(pid)
    const [, parent = '', , session = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const identity = doomed.has(parent) || sessions.has(session) ? parseIdentity(Number(pid), stat) : undefined
    if (identity === undefined) continue
    doomed.set(pid, { identity, session })
    signalProcess(identity, signalNumber)
    added += 1
  }
  return added
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
