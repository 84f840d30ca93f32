import type { ExecRequest } from '../container-runtime.ts'
import type { OciConfig } from './oci-spec.ts'

/** The argv that runs one more process in a container. crun and runc take the same. See runc-exec(8), crun(1). */
export function buildExecCommand(
  runtimeProgram: string,
  exec: { readonly id: string; readonly stateRoot: string; readonly processFile: string; readonly logFile: string },
): string[] {
  return [
    runtimeProgram,
    `--root=${exec.stateRoot}`,
    // What the program itself writes to standard error can't be taken for a complaint of the runtime.
    `--log=${exec.logFile}`,
    'exec',
    `--process=${exec.processFile}`,
    exec.id,
  ]
}

export interface ExecProgram extends Pick<ExecRequest, 'args' | 'env'> {
  /** Absent: the container's own. */
  readonly workingDir?: string
  readonly terminal?: boolean
}

/** The process of a container in OCI's terms, with another program in its place: user and limits stay. */
export function buildExecProcess(own: OciConfig['process'], program: ExecProgram): OciConfig['process'] {
  const terminal = program.terminal === true
  // What a terminal is able to do, programs ask this variable.
  const hasTerm = [...own.env, ...(program.env ?? [])].some((line) => nameOf(line) === 'TERM')
  const added = [...(terminal && !hasTerm ? ['TERM=xterm'] : []), ...(program.env ?? [])]
  const replaced = new Set(added.map(nameOf))
  return {
    ...own,
    terminal,
    args: program.args,
    env: [...own.env.filter((line) => !replaced.has(nameOf(line))), ...added],
    cwd: program.workingDir ?? own.cwd,
  }
}

function nameOf(line: string): string {
  return line.split('=', 1)[0] ?? ''
}
