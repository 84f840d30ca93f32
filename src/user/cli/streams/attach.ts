import type { Pod } from '../../../kube/api/pod.ts'
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

/** `peapod attach`: see its declaration for what it promises. */
export async function attach(invocation: Invocation): Promise<number> {
  const { flags, operands, environment } = invocation
  const say = (text: string): Promise<void> =>
    flags.isSet('quiet') ? Promise.resolve() : writeText(environment.stderr, `${text}\n`)
  using cluster = await openCluster(invocation)
  const found = await findPod(cluster, operands[0] ?? '')
  refuseWhenOver(found, 'attach to')
  const { name: container, notice } = chooseContainer(found, flags.text('container'))
  if (notice !== undefined) await say(notice)
  const stdin = flags.isSet('stdin')
  const hasTerminal = terminalOf(found, container)
  const isTerminalHere = await wantsTerminal(invocation)
  if (isTerminalHere && !hasTerminal) await say(`Unable to use a TTY - container ${container} did not allocate one`)
  const { namespace, name } = found.metadata
  return await withInterrupt(environment, async (signal) => {
    // A container with a terminal has one stream for both outputs, whoever looks.
    const wanted = { is: 'attach', pod: { namespace, name }, container, stdin, tty: hasTerminal, signal } as const
    const remote = await openCommand(cluster.endpoint, wanted)
    const isTaken = isTerminalHere && hasTerminal
    if (isTaken) await say("If you don't see a command prompt, try pressing enter.")
    return carrySession(remote, environment, isTaken)
  })
}

function terminalOf({ spec }: Pod, name: string): boolean {
  const all = [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])]
  return all.find((container) => container.name === name)?.tty === true
}
