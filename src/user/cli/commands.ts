import type { Command } from './command.ts'
import { IMAGE_COMMANDS } from './image-commands.ts'
import { NO_OPERANDS } from './command.ts'
import { OUTPUT_FLAG, STATE_DIRECTORY_FLAG } from './common-flags.ts'
import { RUN } from './run-command.ts'

const SERVE: Command = {
  name: 'serve',
  summary: 'run the server that keeps Pods going, until it is stopped',
  description: `The Pods outlive it: after SIGTERM, Ctrl-C or a crash their containers run on, and the next "peapod serve" on the
same state directory goes on with them. While it runs, "peapod run" uses it instead of a server of its own.

Exit code: 0 when it was stopped; 1 when it cannot serve.`,
  operands: NO_OPERANDS,
  flags: [
    {
      name: 'restart-backoff',
      type: 'choice',
      choices: ['normal', 'fast'],
      help: 'crashed containers stay down 10s doubling to 5m, or 1s doubling to 1m (default: normal)',
    },
    STATE_DIRECTORY_FLAG,
  ],
  examples: [
    { command: 'peapod serve', shows: 'serve in the foreground' },
    { command: 'peapod serve --restart-backoff=fast', shows: 'for work on Pods that still crash' },
  ],
  load: async () => (await import('./serve.ts')).serve,
}

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
export const COMMANDS: readonly Command[] = [RUN, SERVE, ...IMAGE_COMMANDS, DOCTOR, VERSION]
