import { Failure } from '../../../failure.ts'
import { openCommand } from '../../client/streams/open-command.ts'
import type { Invocation } from '../command.ts'
import { withInterrupt } from '../interrupt.ts'
import { openCluster } from '../open-cluster.ts'
import { writeText } from '../output.ts'
import { carrySession } from './carry-session.ts'
import { chooseContainer } from './choose-container.ts'
import { findPod } from './find-pods.ts'
import { refuseWhenOver } from './refuse-when-over.ts'
import { wantsTerminal } from './wants-terminal.ts'

/** `peapod exec`: see its declaration for what it promises. */
export async function exec(invocation: Invocation): Promise<number> {
  const { flags, environment } = invocation
  const { stderr } = environment
  const isQuiet = flags.isSet('quiet')
  const { operand, command } = readOperands(invocation)
  using cluster = await openCluster(invocation)
  const found = await findPod(cluster, operand)
  refuseWhenOver(found, 'run a command in')
  const container = chooseContainer(found, flags.text('container'))
  if (container.notice !== undefined && !isQuiet) await writeText(stderr, `${container.notice}\n`)
  const stdin = flags.isSet('stdin')
  const tty = await wantsTerminal(invocation)
  const { namespace, name } = found.metadata
  const exitCode = await withInterrupt(environment, async (signal) => {
    const wanted = {
      is: 'exec',
      pod: { namespace, name },
      container: container.name,
      command,
      stdin,
      tty,
      signal,
    } as const
    const remote = await openCommand(cluster.endpoint, wanted)
    return carrySession(remote, environment, tty)
  })
  if (exitCode !== 0 && !isQuiet) await writeText(stderr, `command terminated with exit code ${exitCode}\n`)
  return exitCode
}

function readOperands({ operands, dashAt }: Invocation): {
  readonly operand: string
  readonly command: readonly string[]
} {
  const [operand = '', ...command] = operands
  if (dashAt === undefined && command.length > 0) {
    const line = ['peapod exec', operand, '--', ...command].join(' ')
    throw new Failure('UsageError', `exec: the command comes after "--", so that its flags stay its own: ${line}`)
  }
  if (dashAt === 0 || command.length === 0) {
    throw new Failure('UsageError', 'exec needs POD -- COMMAND...; see "peapod exec --help"')
  }
  if (dashAt !== 1) {
    throw new Failure('UsageError', `exec takes only POD before "--"; got ${JSON.stringify(operands[1])} as well`)
  }
  return { operand, command }
}
