import { Failure } from '../../failure.ts'
import type { CliEnvironment } from './cli-environment.ts'
import { COMMANDS } from './commands.ts'
import { commandText, groupText, overviewText } from './help-text.ts'
import { writeText } from './output.ts'
import { parseCommandLine, type CommandLine } from './parse-command-line.ts'

/** 128 + SIGPIPE: whoever read our output went away. */
const OUTPUT_CLOSED_EXIT_CODE = 141

/**
 * Carries out one command line. Messages about failures go to standard error.
 *
 * @returns the exit code of the process.
 */
export async function runCli(argv: readonly string[], environment: CliEnvironment): Promise<number> {
  const { stdout, stderr } = environment
  // Without a listener a reader that goes away would end the process before anything is taken down.
  const ignore = () => undefined
  stdout.on('error', ignore)
  stderr.on('error', ignore)
  try {
    return await carryOut(parseCommandLine(argv, COMMANDS), environment)
  } catch (error) {
    if (isBrokenPipe(error)) return OUTPUT_CLOSED_EXIT_CODE
    await writeText(stderr, errorText(error)).catch(ignore)
    return interruptExitCode(error) ?? 1
  } finally {
    stdout.off('error', ignore)
    stderr.off('error', ignore)
  }
}

async function carryOut(line: CommandLine, environment: CliEnvironment): Promise<number> {
  switch (line.is) {
    case 'help':
      await writeText(environment.stdout, helpText(line))
      return 0
    case 'version':
      await writeText(environment.stdout, `${environment.machine.version}\n`)
      return 0
    case 'call': {
      const action = await line.command.load()
      const { flags, operands, dashAt } = line
      return action({ flags, operands, dashAt, environment })
    }
  }
}

function helpText(line: CommandLine & { is: 'help' }): string {
  if (line.command !== undefined) return commandText(line.command)
  if (line.group !== undefined) return groupText(line.group, COMMANDS)
  return overviewText(COMMANDS)
}

function errorText(error: unknown): string {
  if (error instanceof Failure) return `peapod: ${error.message}\n`
  // Not a state that was foreseen: where it came from is what a bug report needs.
  return `peapod: unexpected error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`
}

/** 128 + the signal's number, for work that a signal ended. */
function interruptExitCode(error: unknown): number | undefined {
  if (!(error instanceof Failure) || error.reason !== 'Interrupted') return undefined
  return error.details?.['signal'] === 'SIGTERM' ? 143 : 130
}

function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE'
}
