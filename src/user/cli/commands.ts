import type { Command } from './command.ts'
import { IMAGE_COMMANDS } from './image-commands.ts'
import { NO_OPERANDS } from './command.ts'
import { OUTPUT_FLAG, RESTART_BACKOFF_FLAG, STATE_DIRECTORY_FLAG } from './common-flags.ts'
import { OBJECT_COMMANDS } from './object-commands.ts'
import { RUN } from './run-command.ts'
import { STREAM_COMMANDS } from './stream-commands.ts'

const SERVE: Command = {
  name: 'serve',
  summary: 'run the server that keeps Pods going, until it is stopped',
  description: `The Pods outlive it: after SIGTERM, Ctrl-C or a crash their containers run on, and the next "peapod serve" on the
same state directory goes on with them. While it runs, "peapod run" uses it instead of a server of its own.

Exit code: 0 when it was stopped; 1 when it cannot serve.`,
  operands: NO_OPERANDS,
  flags: [
    RESTART_BACKOFF_FLAG,
    {
      name: 'max-restart-backoff',
      type: 'duration',
      help: 'no crashed container stays down for longer than this: 1s to 5m',
    },
    {
      name: 'listen',
      type: 'text',
      value: 'HOST:PORT',
      help: 'where clients reach it, by TLS (default: 127.0.0.1:6443, or a free port there)',
    },
    {
      name: 'tls-san',
      type: 'text',
      value: 'NAME',
      repeatable: true,
      help: 'another name or address of this machine that clients use',
    },
    STATE_DIRECTORY_FLAG,
  ],
  examples: [
    { command: 'peapod serve', shows: 'serve in the foreground' },
    { command: 'peapod serve --restart-backoff=fast', shows: 'for work on Pods that still crash' },
  ],
  load: async () => (await import('./serve.ts')).serve,
}

const KUBECONFIG: Command = {
  name: 'kubeconfig',
  summary: 'print what kubectl needs to reach the server, or merge it into your kubeconfig',
  description: `It gives all rights on this server: keep it to yourself. The file that --merge writes is the first one of
$KUBECONFIG, else ~/.kube/config; other clusters in it stay as they are.`,
  operands: NO_OPERANDS,
  flags: [
    { name: 'merge', type: 'boolean', help: 'write it into your kubeconfig and make it the current context' },
    { name: 'server', type: 'text', value: 'URL', help: 'reach the server by another address than its own' },
    STATE_DIRECTORY_FLAG,
  ],
  examples: [
    { command: 'peapod kubeconfig --merge && kubectl get pods', shows: 'use kubectl' },
    { command: 'peapod kubeconfig > peapod.yaml', shows: 'keep it in a file of its own' },
  ],
  load: async () => (await import('./kubeconfig/kubeconfig.ts')).kubeconfig,
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
export const COMMANDS: readonly Command[] = [
  RUN,
  SERVE,
  ...OBJECT_COMMANDS,
  ...STREAM_COMMANDS,
  KUBECONFIG,
  ...IMAGE_COMMANDS,
  DOCTOR,
  VERSION,
]
