import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises'
import { Failure } from '../../../failure.ts'
import { runCommand } from '../../process/run-command.ts'
import type { ContainerRecord } from '../container-runtime.ts'
import { observeContainer, readPlan, readProcesses, writeStart } from './container-record.ts'
import type { OciConfig } from './oci-spec.ts'
import type { OciInstance } from './oci-instance.ts'
import { isAlive, type ProcessIdentity } from './process-identity.ts'
import { executableOf, openStartFifo } from './start-fifo.ts'
import { containerFiles } from './runtime-layout.ts'
import { explainRuntimeWords, isLastGasp } from './runtime-words.ts'

type Started = ContainerRecord & { readonly is: 'running' | 'exited' }

/** From the runtime's go-ahead to execve: far less than a millisecond on an idle machine. */
const EXEC_LIMIT_MS = 10_000
/** So often it looks without a pause before it takes a rest between two looks. */
const EAGER_LOOKS = 50
/** Of a process that has ended, conmon still reads the output, which may be long and the disk slow. */
const EXIT_LIMIT_MS = 30_000

/** Lets a created container run its program; resolves once that program runs, or has run. */
export async function startContainer(instance: OciInstance, id: string): Promise<Started> {
  const files = containerFiles(instance.layout, id)
  const before = observeContainer(instance.layout, id)
  const processes = readProcesses(files)
  if (before === undefined || processes === undefined) {
    throw new Failure('StartError', `start container "${id}": there is no such container; create it first`)
  }
  if (before.is !== 'created') {
    throw new Failure('StartError', `start container "${id}": it was started before; create a new one`)
  }
  const { first } = processes
  const waiting = executableOf(first.pid)
  writeStart(files, { atMs: Date.now(), waiting })
  await giveGoAhead(instance, id, first)
  if (await untilExecuted(first, waiting)) return whenRunning(instance, id)
  return whenExited(instance, id)
}

/** As `crun start` and `runc start` do it, which costs 5 to 15 ms to spawn. */
async function giveGoAhead(instance: OciInstance, id: string, first: ProcessIdentity): Promise<void> {
  const files = containerFiles(instance.layout, id)
  const endsAtMs = performance.now() + EXEC_LIMIT_MS
  using fifo = openStartFifo(instance.runtimeKind, files.startFifo)
  for (;;) {
    // Asked first: it may take the go-ahead, run and end between two questions.
    const wasAlive = isAlive(first)
    if (fifo.passed()) break
    if (!wasAlive) {
      // Killed before its start: its exit is on the way.
      rmSync(files.started)
      return
    }
    if (performance.now() > endsAtMs) {
      await startByRuntime(instance, id)
      return
    }
    await nextTurn()
  }
  fifo.remove()
}

/** The slow way, for a runtime that keeps its fifo in another manner than the ones we know. */
async function startByRuntime(instance: OciInstance, id: string): Promise<void> {
  const { runtimeProgram } = instance.programs
  const result = await runCommand([runtimeProgram, `--root=${instance.layout.stateRoot}`, 'start', id], {
    timeoutMs: EXEC_LIMIT_MS,
  })
  if (result.exitCode === 0) return
  throw new Failure('StartError', `start container "${id}": ${result.stderr.trim()}`)
}

/** @returns false when the first process ended before its program was seen to run. */
async function untilExecuted(first: ProcessIdentity, waiting: string | undefined): Promise<boolean> {
  const endsAtMs = performance.now() + EXEC_LIMIT_MS
  for (let looks = 0; performance.now() < endsAtMs; looks += 1) {
    const now = executableOf(first.pid)
    if (now === undefined && !isAlive(first)) return false
    if (now !== undefined && now !== waiting) return true
    await (looks < EAGER_LOOKS ? nextTurn() : delay(1))
  }
  return true
}

function whenRunning(instance: OciInstance, id: string): Started {
  const record = observeContainer(instance.layout, id)
  if (record === undefined || record.is === 'created') throw removedMeanwhile(id)
  return record
}

async function whenExited(instance: OciInstance, id: string): Promise<Started> {
  const endsAtMs = performance.now() + EXIT_LIMIT_MS
  let record = observeContainer(instance.layout, id)
  while (record?.is === 'running' && performance.now() < endsAtMs) {
    await delay(1)
    record = observeContainer(instance.layout, id)
  }
  if (record === undefined || record.is === 'created') throw removedMeanwhile(id)
  if (record.is === 'exited') refuseNeverExecuted(instance, record)
  return record
}

/**
 * Whether the program itself could be executed shows only in what the runtime's last gasp wrote into the log, as its only
 * line: `exec /app: exec format error`.
 */
function refuseNeverExecuted(instance: OciInstance, record: ContainerRecord & { readonly is: 'exited' }): void {
  if (record.exitCode === 0) return
  const files = containerFiles(instance.layout, record.id)
  const plan = readPlan(files)
  const lines = plan === undefined ? [] : readLog(plan.logFile)
  const [line] = lines
  if (plan === undefined || line === undefined || lines.length > 1 || !isLastGasp(line)) return
  const config = JSON.parse(readFileSync(join(plan.directory, 'config.json'), 'utf8')) as OciConfig
  const { args, cwd } = config.process
  const { sentence } = explainRuntimeWords(line, { args, workingDir: cwd })
  throw new Failure('StartError', `start container "${record.id}": ${sentence}`, { details: { runtimeSaid: line } })
}

function readLog(logFile: string): string[] {
  return readFileSync(logFile, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' ').slice(3).join(' '))
}

function removedMeanwhile(id: string): Failure {
  return new Failure('StartError', `start container "${id}": it was removed at the same time`)
}
