import { closeSync } from 'node:fs'
import { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Failure } from '../../../failure.ts'
import { openPipe } from '../../linux/open-pipe.ts'
import { LastBytes } from '../../process/last-bytes.ts'
import type { ExecRequest, ExecResult } from '../container-runtime.ts'
import { readProcesses } from './container-record.ts'
import { killProcessTree } from './kill-process-tree.ts'
import type { OciInstance } from './oci-instance.ts'
import { isEnding } from './process-identity.ts'
import { containerFiles } from './runtime-layout.ts'
import { explainRuntimeWords, isLastGasp } from './runtime-words.ts'
import { giveToUser } from './exec-pipes.ts'
import { type BegunExec, startExec } from './start-exec.ts'

/** As a shell counts SIGKILL, which a container's end is to all of its programs. */
const KILLED = 137
const LONGEST_OUTPUT_BYTES = 16 * 1024
/** setTimeout fires at once for delays beyond 2^31 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1
/** A descendant that keeps the output open holds up the answer no longer than this after the program's own end. */
const OPEN_OUTPUT_LIMIT_MS = 500
/** A container that takes its programs along, or can't be joined any more, is ending within this time. */
const DYING_LIMIT_MS = 200

/** Runs a program in a container to its end, or to the end of its time. */
export async function execInContainer(instance: OciInstance, id: string, request: ExecRequest): Promise<ExecResult> {
  const tried = `run "${request.args[0] ?? ''}" in container "${id}"`
  if (request.signal.aborted) throw new Failure('Interrupted', `${tried}: stopped before its start`)
  const { running, outputFd } = begin(instance, id, request)
  const output = collect(outputFd, running)
  const stop = await untilStop(running, request)
  const { exitCode, complaint } = await running.ended
  const text = await output
  if (stop === 'aborted') {
    throw new Failure('Interrupted', `${tried}: stopped before its end`, { cause: request.signal.reason })
  }
  const refuseEnded = async () => {
    if (await hasEnded(instance, id)) throw new Failure('NotFound', `${tried}: the container ended meanwhile`)
  }
  if (stop === undefined && exitCode === KILLED) await refuseEnded()
  const words = complaint === '' && exitCode !== 0 && isLastGasp(text.trimEnd()) ? text : complaint
  if (words !== '' && stop === undefined) {
    const { reason, sentence } = explainRuntimeWords(words, request)
    if (reason !== 'StartError') await refuseEnded()
    throw new Failure('StartError', `${tried}: ${sentence}`, { details: { runtimeSaid: words } })
  }
  return { exitCode, output: text, timedOut: stop === 'time is up' }
}

/** @returns with the read end of the pipe that standard output and standard error go to: the caller's to close. */
function begin(
  instance: OciInstance,
  id: string,
  request: ExecRequest,
): { readonly running: BegunExec; readonly outputFd: number } {
  const { readFd, writeFd } = openPipe()
  try {
    const running = startExec(instance, id, {
      program: request,
      openStdio: (user) => ['ignore', giveToUser(writeFd, user), writeFd],
    })
    return { running, outputFd: readFd }
  } catch (error) {
    closeSync(readFd)
    throw error
  } finally {
    closeSync(writeFd)
  }
}

async function hasEnded(instance: OciInstance, id: string): Promise<boolean> {
  const processes = readProcesses(containerFiles(instance.layout, id))
  if (processes === undefined) return true
  const untilMs = performance.now() + DYING_LIMIT_MS
  while (!isEnding(processes.first)) {
    if (performance.now() > untilMs) return false
    await delay(1)
  }
  return true
}

/** Kills it when its time is up, or on abort. @returns why, or undefined when it ended by itself. */
async function untilStop(running: BegunExec, request: ExecRequest): Promise<'time is up' | 'aborted' | undefined> {
  const { promise, resolve } = Promise.withResolvers<'time is up' | 'aborted' | undefined>()
  const limit = setTimeout(() => resolve('time is up'), Math.min(request.timeoutMs, LONGEST_TIMER_MS))
  const onAbort = () => resolve('aborted')
  request.signal.addEventListener('abort', onAbort, { once: true })
  // What it rejects with is thrown where its result is read.
  running.ended.then(
    () => resolve(undefined),
    () => resolve(undefined),
  )
  try {
    const why = await promise
    if (why !== undefined && running.parent !== undefined) await killProcessTree(running.parent)
    return why
  } finally {
    clearTimeout(limit)
    request.signal.removeEventListener('abort', onAbort)
  }
}

/** Never rejects: what can't be read any more is the end of it. */
function collect(outputFd: number, { ended }: BegunExec): Promise<string> {
  const last = new LastBytes(LONGEST_OUTPUT_BYTES)
  const pipe = new Socket({ fd: outputFd, readable: true, writable: false })
  pipe.on('data', (chunk: Buffer) => last.add(chunk))
  pipe.on('error', () => undefined)
  return new Promise((resolve) => {
    let limit: NodeJS.Timeout | undefined
    pipe.once('close', () => {
      clearTimeout(limit)
      resolve(last.text())
    })
    const giveUpSoon = () => (limit = setTimeout(() => pipe.destroy(), OPEN_OUTPUT_LIMIT_MS))
    ended.then(giveUpSoon, () => pipe.destroy())
  })
}
