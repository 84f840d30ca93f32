import type { Command } from './command.ts'
import { IMAGE_COMMANDS } from './image-commands.ts'
import { NO_OPERANDS } from './command.ts'
import { OUTPUT_FLAG, STATE_DIRECTORY_FLAG } from './common-flags.ts'
import { RUN } from './run-command.ts'

const DOCTOR: Command = {
  name: 'doctor',
  summary: 'check what pods need of this machine, and how to mend what is missing',
  description: 'Exits with 1 when something that pods need is missing. Warnings (!) do not keep pods from running.',
  operands: NO_OPERANDS,
  flags: [OUTPUT_FLAG, STATE_DIRECTORY_FLAG],
  examples: [
    { command: 'peapod doctor', shows: 'check this machine' },
    { command: 'peapod doctor --output json', shows: 'the same for a program' },
  ],
  load: async () => (await import('./doctor.ts')).doctor,
}

const VERSION: Command = {
  name: 'version',
  summary: 'print the version',
  operands: NO_OPERANDS,
  flags: [OUTPUT_FLAG],
  examples: [{ command: 'peapod version', shows: 'the version of peapod and of Node.js' }],
  load: async () => (await import('./version.ts')).version,
}

/** Every command, in the order in which the overview lists them. */
export const COMMANDS: readonly Command[] = [RUN, ...IMAGE_COMMANDS, DOCTOR, VERSION]
