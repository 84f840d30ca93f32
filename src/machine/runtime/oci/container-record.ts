import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { Failure } from '../../../failure.ts'
import type { ContainerPlan, ContainerRecord } from '../container-runtime.ts'
import { isAlive, type ProcessIdentity } from './process-identity.ts'
import { type ContainerFiles, containerFiles, type RuntimeLayout } from './runtime-layout.ts'
import { executableOf } from './start-fifo.ts'
import { wasOutOfMemory } from './out-of-memory.ts'

/** What must be known to find everything that belongs to a container. */
export type RecordedPlan = Pick<ContainerPlan, 'id' | 'directory' | 'cgroupPath' | 'logFile'>

export interface RecordedProcesses {
  /** The container's first process. */
  readonly first: ProcessIdentity
  readonly conmon: ProcessIdentity
}

/** Exit codes are 0 to 255; this stands in for one that nobody saw. */
const UNKNOWN_EXIT_CODE = 255

/** @throws Failure AlreadyExists */
export function writePlan(files: ContainerFiles, plan: ContainerPlan): void {
  try {
    mkdirSync(files.record, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new Failure('AlreadyExists', `create container "${plan.id}": there is one with this ID; remove it first`, {
      cause: error,
    })
  }
  const { id, directory, cgroupPath, logFile } = plan
  writeFileSync(files.plan, JSON.stringify({ id, directory, cgroupPath, logFile } satisfies RecordedPlan))
}

export function writeProcesses(files: ContainerFiles, processes: RecordedProcesses): void {
  writeFileSync(files.processes, JSON.stringify(processes))
}

interface RecordedStart {
  readonly atMs: number
  /** Which file its first process executes until it is let run; see executableOf. Absent: it had ended already. */
  readonly waiting?: string | undefined
}

/** Before the go-ahead: whoever comes later may then doubt whether the container ran, never miss that it did. */
export function writeStart(files: ContainerFiles, start: RecordedStart): void {
  writeFileSync(files.started, JSON.stringify(start))
}

function readStart(files: ContainerFiles): RecordedStart | undefined {
  return readJson(files.started) as RecordedStart | undefined
}

/** undefined when there is none, or when its writer was killed before the file was whole. */
export function readPlan(files: ContainerFiles): RecordedPlan | undefined {
  return readJson(files.plan) as RecordedPlan | undefined
}

export function readProcesses(files: ContainerFiles): RecordedProcesses | undefined {
  return readJson(files.processes) as RecordedProcesses | undefined
}

export function recordedIds(layout: RuntimeLayout): string[] {
  return readdirSync(layout.records)
}

/**
 * What one container is now, as the machine tells it; undefined for one that is not made yet (or was never finished).
 * A container whose first process has ended is running until its log is whole and its exit code is written.
 */
export function observeContainer(layout: RuntimeLayout, id: string): ContainerRecord | undefined {
  const files = containerFiles(layout, id)
  const processes = readProcesses(files)
  if (processes === undefined) return undefined
  const start = readStart(files)
  const startedAtMs = start?.atMs ?? 0
  const exit = readText(files.exit)
  if (exit !== undefined) return exitedRecord(files, { id, startedAtMs, exit })
  const { pid } = processes.first
  if (start === undefined || isWaiting(files, pid, start)) return { id, is: 'created', pid }
  return { id, is: 'running', pid, startedAtMs }
}

/**
 * The fifo is gone once its container runs; when the one who passed the go-ahead was killed before he could remove it,
 * only the process itself tells whether it still waits.
 */
function isWaiting(files: ContainerFiles, pid: number, { waiting }: RecordedStart): boolean {
  return existsSync(files.startFifo) && executableOf(pid) === waiting
}

/** Nothing will ever tell how it ended: its first process is gone, and so is conmon, which would have written it. */
export function isLost(layout: RuntimeLayout, id: string): boolean {
  const files = containerFiles(layout, id)
  const processes = readProcesses(files)
  if (processes === undefined || isAlive(processes.conmon)) return false
  // In this order: conmon writes the file before it ends.
  return !existsSync(files.exit)
}

/** What conmon never writes, and a full disk still takes. */
const LOST = ''

/** Makes a lost container an exited one, for everybody. */
export function writeLostExit(files: ContainerFiles): void {
  try {
    writeFileSync(files.exit, LOST, { flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function exitedRecord(
  files: ContainerFiles,
  seen: { readonly id: string; readonly startedAtMs: number; readonly exit: string },
): ContainerRecord {
  const lost = seen.exit === LOST
  return {
    id: seen.id,
    is: 'exited',
    exitCode: lost ? UNKNOWN_EXIT_CODE : Number(seen.exit),
    ...(lost ? { lost } : {}),
    outOfMemory: existsSync(files.outOfMemory) || wasOutOfMemory(readPlan(files)?.cgroupPath),
    startedAtMs: wasNeverLetRun(files, seen.exit) ? 0 : seen.startedAtMs,
    finishedAtMs: Math.floor(statSync(files.exit).mtimeMs),
  }
}

/**
 * With runc, the process that waits writes into the fifo what the one who gives the go-ahead reads. When that one is
 * killed between his opening it and his reading, the write fails, and the runtime ends in the program's place.
 */
function wasNeverLetRun(files: ContainerFiles, exit: string): boolean {
  if (exit !== '1' || !existsSync(files.startFifo)) return false
  const log = readText(readPlan(files)?.logFile ?? '') ?? ''
  return /^\S+ std(?:out|err) F write exec fifo \S+: broken pipe\r?\n$/.test(log)
}

function readJson(path: string): unknown {
  const text = readText(path)
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch (error) {
    // Its writer was killed in the middle: what the file was to tell had not happened yet.
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
