import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { Failure, messageOf } from '../../../failure.ts'
import { searchedFolders } from '../../process/find-program.ts'
import { observeContainer, readPlan } from './container-record.ts'
import { buildExecCommand, buildExecProcess, type ExecProgram } from './exec-command.ts'
import type { OciInstance } from './oci-instance.ts'
import type { OciConfig } from './oci-spec.ts'
import { identityOf, type ProcessIdentity } from './process-identity.ts'
import { containerFiles } from './runtime-layout.ts'
import { leadsOutOfContainer } from './working-directory.ts'

/** A program that was begun in a container. */
export interface BegunExec {
  /** The runtime's process that stands for it: its parent. Undefined when it has ended already. */
  readonly parent: ProcessIdentity | undefined
  /** As a shell counts, with what the runtime complained about if it did. Rejects when the runtime can't be executed. */
  readonly ended: Promise<{ readonly exitCode: number; readonly complaint: string }>
}

/** Standard input, output and error: file descriptors, which stay the caller's to close. */
export type ExecStdio = readonly ['ignore' | number, number, number]

/**
 * Begins a program in a running container.
 *
 * @param openStdio is told who the program runs as: whoever that is may open `/dev/stdout` again.
 * @throws Failure NotFound when the container does not run; StartError
 */
export function startExec(
  instance: OciInstance,
  id: string,
  {
    program,
    openStdio,
  }: { readonly program: ExecProgram; readonly openStdio: (user: OciConfig['process']['user']) => ExecStdio },
): BegunExec {
  const { layout, programs } = instance
  const own = processOf(instance, id, program)
  const directory = mkdtempSync(join(containerFiles(layout, id).record, 'exec-'))
  const processFile = join(directory, 'process.json')
  const logFile = join(directory, 'log')
  const forget = () => rmSync(directory, { recursive: true, force: true })
  try {
    writeFileSync(processFile, JSON.stringify(buildExecProcess(own, program)), { mode: 0o600 })
    const command = buildExecCommand(programs.runtimeProgram, { id, stateRoot: layout.stateRoot, processFile, logFile })
    const stdio = openStdio(own.user)
    const child = withOomScoreAdj(own.oomScoreAdj, () => spawnRuntime(command, stdio))
    const ended = untilEnd(child).then((exitCode) => ({ exitCode, complaint: complaintIn(logFile, exitCode) }))
    return { parent: child.pid === undefined ? undefined : identityOf(child.pid), ended: ended.finally(forget) }
  } catch (error) {
    forget()
    throw error
  }
}

function processOf(instance: OciInstance, id: string, program: ExecProgram): OciConfig['process'] {
  const tried = `run "${program.args[0] ?? ''}" in container "${id}"`
  const record = observeContainer(instance.layout, id)
  const plan = readPlan(containerFiles(instance.layout, id))
  if (record?.is !== 'running' || plan === undefined) throw new Failure('NotFound', `${tried}: it does not run`)
  const own = (JSON.parse(readFileSync(join(plan.directory, 'config.json'), 'utf8')) as OciConfig).process
  const workingDir = program.workingDir ?? own.cwd
  if (!workingDir.startsWith('/') || leadsOutOfContainer(record.pid, workingDir)) {
    const wrong = `the working directory "${workingDir}" is not an absolute path inside the container`
    throw new Failure('StartError', `${tried}: ${wrong}`)
  }
  return own
}

function spawnRuntime(command: readonly string[], stdio: ExecStdio): ChildProcess {
  return spawn(command[0] ?? '', command.slice(1), {
    // A session of its own: Ctrl-C in our terminal is for us to carry out, in order.
    detached: true,
    stdio: [...stdio],
    env: { PATH: searchedFolders().join(':') },
  })
}

const OOM_SCORE_FILE = '/proc/self/oom_score_adj'

/** Children inherit it, and crun 1.8 leaves it at that when it runs a second process. */
function withOomScoreAdj<T>(oomScoreAdj: number, start: () => T): T {
  const own = readFileSync(OOM_SCORE_FILE, 'utf8')
  writeFileSync(OOM_SCORE_FILE, String(oomScoreAdj))
  try {
    return start()
  } finally {
    writeFileSync(OOM_SCORE_FILE, own)
  }
}

function untilEnd(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      reject(
        new Failure('SetupFailed', `run "${child.spawnfile}": ${messageOf(error)}; is it installed?`, { cause: error }),
      )
    })
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])))
  })
}

/** Whatever the program's own exit code is, without a complaint of the runtime it has run. */
function complaintIn(logFile: string, exitCode: number): string {
  if (exitCode === 0) return ''
  try {
    const lines = readFileSync(logFile, 'utf8').trim().split('\n')
    return lines.filter((line) => !/\blevel=(?:debug|info|warning)\b/.test(line)).join('\n')
  } catch (error) {
    // It was killed before it made the file, or its container was removed.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
