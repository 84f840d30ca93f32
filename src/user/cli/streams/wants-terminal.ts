import type { Invocation } from '../command.ts'
import { writeText } from '../output.ts'

/** Whether to use a terminal at the other end: only for keys that come from one. */
export async function wantsTerminal({
  flags,
  environment,
}: Pick<Invocation, 'flags' | 'environment'>): Promise<boolean> {
  if (!flags.isSet('tty') || !flags.isSet('stdin')) return false
  if (environment.stdin.isTTY === true) return true
  await writeText(environment.stderr, 'Unable to use a TTY - input is not a terminal or the right kind of file\n')
  return false
}
