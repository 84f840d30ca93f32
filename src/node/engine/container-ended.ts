import { open, readFile } from 'node:fs/promises'
import type { Container } from '../../kube/api/pod.ts'
import { allContainers } from '../../kube/api/pod.ts'
import type { ExitedContainer } from '../../kube/lifecycle/observed-pod.ts'
import { parseCriLine } from './cri-log.ts'
import type { ExitRecord, Instance, PodWorld } from './pod-world.ts'

/** Longest termination message of one container, in bytes (H11). */
const LONGEST_MESSAGE_BYTES = 4096
const LONGEST_LOG_MESSAGE_BYTES = 2048
const LONGEST_LOG_MESSAGE_LINES = 80
const FIRST_SIGNAL_EXIT_CODE = 128

/** A container of this pod ended: puts it on the record, with what it left in its termination message. */
export async function containerEnded(world: PodWorld, exit: ExitRecord): Promise<void> {
  const instance = world.instances.get(exit.id)
  if (instance === undefined) return
  // The start that made it has not come back yet; it looks here before it is done.
  const { state } = world.observations.container(instance.container) ?? {}
  if (state?.is === 'starting') world.earlyExits.set(exit.id, exit)
  if (state?.is !== 'running' || state.id !== exit.id) return
  const message = await terminationMessage(world, instance, exit.exitCode)
  // Told twice, the second one comes too late: the next instance may have begun.
  const { state: stateNow } = world.observations.container(instance.container) ?? {}
  if (stateNow?.is !== 'running' || stateNow.id !== exit.id) return
  world.observations.setState(instance.container, exitedState(exit, state.startedAtMs, message))
}

function exitedState(exit: ExitRecord, startedAtMs: number, message: string): ExitedContainer {
  return {
    is: 'exited',
    id: exit.id,
    exitCode: exit.exitCode,
    reason: exit.outOfMemory ? 'OOMKilled' : exit.exitCode === 0 ? 'Completed' : 'Error',
    ...(exit.exitCode > FIRST_SIGNAL_EXIT_CODE ? { signal: exit.exitCode - FIRST_SIGNAL_EXIT_CODE } : {}),
    ...(message === '' ? {} : { message }),
    startedAtMs,
    finishedAtMs: Math.max(exit.finishedAtMs, startedAtMs),
  }
}

async function terminationMessage(world: PodWorld, instance: Instance, exitCode: number): Promise<string> {
  const container = allContainers(world.pod).find(({ name }) => name === instance.container)
  const written = await readStart(instance.terminationMessageFile)
  if (written !== '' || exitCode === 0 || container === undefined || !fallsBackToLogs(container)) return written
  return lastOfLog(await readFile(instance.logFile, 'latin1').catch(() => ''))
}

function fallsBackToLogs(container: Container): boolean {
  return container.terminationMessagePolicy === 'FallbackToLogsOnError'
}

/** A container may have removed or replaced its message file: then there is no message. */
async function readStart(file: string): Promise<string> {
  try {
    await using handle = await open(file, 'r')
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(LONGEST_MESSAGE_BYTES), 0, LONGEST_MESSAGE_BYTES, 0)
    return buffer.toString('utf8', 0, bytesRead)
  } catch {
    return ''
  }
}

/**
 * The last 80 lines or 2048 bytes of a CRI log, whichever is shorter (H11).
 *
 * @param log its bytes as Latin-1 characters: it cuts lines anywhere, in the middle of a character too.
 */
export function lastOfLog(log: string): string {
  const lines = log.split('\n').filter((line) => line !== '')
  const text = lines
    .slice(-LONGEST_LOG_MESSAGE_LINES)
    .map((line) => {
      const entry = parseCriLine(line)
      return entry === undefined ? '' : entry.text + (entry.partial ? '' : '\n')
    })
    .join('')
  const bytes = Buffer.from(text, 'latin1')
  return bytes.subarray(Math.max(0, bytes.length - LONGEST_LOG_MESSAGE_BYTES)).toString('utf8')
}
