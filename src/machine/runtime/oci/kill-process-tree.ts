import { readdirSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { Failure } from '../../../failure.ts'
import { isAlive, type ProcessIdentity, parseIdentity, signalProcess } from './process-identity.ts'

const { SIGSTOP, SIGCONT, SIGKILL } = constants.signals
const LIMIT_MS = 5_000
/** So long the first one has to see that its children are dead, and to end of it. */
const LAST_CARE_MS = 500
const PAUSE_MS = 2

interface Doomed {
  readonly identity: ProcessIdentity
  readonly session: string
}

/**
 * Kills a process and all that it has begun: its descendants, and whoever shares a session with one of them (a child whose
 * parent has ended has another parent, but still the session). All are stopped before the first one dies, so that none
 * forks away. The first one dies last: without it nobody but process 1 of the machine takes note of its children's end,
 * and until then they hold up the end of their PID namespace.
 *
 * @param root the leader of a session, so that it shares none with anybody else.
 * @throws Failure RuntimeFailed when some survive.
 */
export async function killProcessTree(root: ProcessIdentity): Promise<void> {
  const begunAtMs = performance.now()
  const doomed = new Map<string, Doomed>([[String(root.pid), { identity: root, session: String(root.pid) }]])
  signalProcess(root, SIGSTOP)
  while (doom(doomed, SIGSTOP) > 0);
  for (;;) {
    doom(doomed, SIGKILL)
    const left = [...doomed.values()].map(({ identity }) => identity).filter(isAlive)
    if (left.length === 0) return
    if (performance.now() > begunAtMs + LIMIT_MS) {
      const pids = left.map(({ pid }) => pid).join(', ')
      throw new Failure('RuntimeFailed', `kill process ${root.pid} and its children: still alive: ${pids}`)
    }
    const isRootsTurn = left.length === 1 && performance.now() > begunAtMs + LAST_CARE_MS
    for (const identity of left) signalProcess(identity, identity !== root || isRootsTurn ? SIGKILL : SIGCONT)
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
