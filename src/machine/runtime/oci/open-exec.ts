import { closeSync } from 'node:fs'
import { constants } from 'node:os'
import { Failure } from '../../../failure.ts'
import { openPseudoTerminal, setTerminalSize } from '../../linux/pseudo-terminal.ts'
import { openTerminalStreams } from '../../linux/terminal-streams.ts'
import type { RunningProgram, StreamedExec } from '../container-streams.ts'
import { openExecPipes } from './exec-pipes.ts'
import type { OciInstance } from './oci-instance.ts'
import { signalProcess } from './process-identity.ts'
import { explainRuntimeWords, plainWords } from './runtime-words.ts'
import { type BegunExec, startExec } from './start-exec.ts'

const { SIGKILL, SIGWINCH } = constants.signals
/** A terminal has a size from its first moment on; clients tell theirs a little later. */
const FIRST_SIZE = { columns: 80, rows: 24 }

/** Runs a program in a container with its streams in the caller's hands. */
export function openExec(instance: OciInstance, id: string, exec: StreamedExec): RunningProgram {
  return exec.terminal ? openOnTerminal(instance, id, exec) : openOnPipes(instance, id, exec)
}

function openOnPipes(instance: OciInstance, id: string, exec: StreamedExec): RunningProgram {
  const pipes = openExecPipes(exec.stdin)
  let begun: BegunExec
  try {
    begun = startExec(instance, id, { program: exec, openStdio: (user) => pipes.stdio(user) })
  } catch (error) {
    pipes.discard()
    throw error
  }
  const { stdin, stdout, stderr } = pipes.streams()
  return {
    stdin,
    stdout,
    stderr,
    resize: () => undefined,
    ended: exitCodeOf(begun, id, exec),
    release() {
      for (const stream of [stdin, stdout, stderr]) stream?.destroy()
    },
  }
}

/**
 * The runtime makes the terminal of the program inside the container and stands between it and one of ours: bytes pass as
 * they are, and it looks at the size of ours when it is told that it changed.
 */
function openOnTerminal(instance: OciInstance, id: string, exec: StreamedExec): RunningProgram {
  const { masterFd, slaveFd } = openPseudoTerminal()
  let begun: BegunExec
  try {
    setTerminalSize(masterFd, FIRST_SIZE)
    begun = startExec(instance, id, { program: exec, openStdio: () => [slaveFd, slaveFd, slaveFd] })
  } catch (error) {
    closeSync(masterFd)
    throw error
  } finally {
    closeSync(slaveFd)
  }
  const terminal = openTerminalStreams(masterFd)
  const { parent } = begun
  let isOver = false
  const ended = exitCodeOf(begun, id, exec).finally(() => (isOver = true))
  return {
    stdin: exec.stdin ? terminal.input : undefined,
    stdout: terminal.output,
    stderr: undefined,
    resize(size) {
      terminal.resize(size)
      if (!isOver && parent !== undefined) signalProcess(parent, SIGWINCH)
    },
    ended,
    release() {
      terminal.close()
      // The program's terminal ends with the runtime's process that holds it: the kernel sends SIGHUP.
      if (!isOver && parent !== undefined) signalProcess(parent, SIGKILL)
    },
  }
}

async function exitCodeOf({ ended }: BegunExec, id: string, exec: StreamedExec): Promise<number> {
  const { exitCode, complaint } = await ended
  if (complaint === '') return exitCode
  const program = exec.args[0] ?? ''
  const { sentence } = explainRuntimeWords(complaint, { args: exec.args, workingDir: 'of the container' })
  throw new Failure('StartError', `run "${program}" in container "${id}": ${sentence}`, {
    details: { said: plainWords(complaint) },
  })
}
