import type { Command, Flag } from './command.ts'
import { CLUSTER_FLAGS } from './common-flags.ts'

const CONTAINER_FLAG: Flag = {
  name: 'container',
  short: 'c',
  type: 'text',
  value: 'NAME',
  help: "the container (default: the one that annotation kubectl.kubernetes.io/default-container names, else the Pod's first)",
}

const STDIN_FLAG: Flag = { name: 'stdin', short: 'i', type: 'boolean', help: 'pass standard input on' }
const TTY_FLAG: Flag = { name: 'tty', short: 't', type: 'boolean', help: 'with -i: from terminal to terminal' }
const QUIET_FLAG: Flag = {
  name: 'quiet',
  short: 'q',
  type: 'boolean',
  help: "print nothing but the container's output",
}

const EXEC: Command = {
  name: 'exec',
  summary: 'run a command in a container of a running Pod',
  description: `Both outputs stay apart, and the end of the input reaches the command. With -it keys go to the command as they are pressed,
Ctrl-C among them, and the window's size goes along. POD may be TYPE/NAME, such as deployment/web: one of its Pods.

Exit code: the command's own; 1 when it cannot be run; 130 after Ctrl-C without -t: the command itself may go on.`,
  operands: { usage: 'POD -- COMMAND...', atLeast: 1, atMost: Infinity },
  flags: [CONTAINER_FLAG, STDIN_FLAG, TTY_FLAG, QUIET_FLAG, ...CLUSTER_FLAGS],
  examples: [
    { command: 'peapod exec web -- ls -l /var/log', shows: 'run a command' },
    { command: 'peapod exec -it web -c app -- sh', shows: 'a shell in one of several containers' },
    { command: 'peapod exec -i db -- psql < dump.sql', shows: 'feed a command' },
  ],
  load: async () => (await import('./streams/exec.ts')).exec,
}

const ATTACH: Command = {
  name: 'attach',
  summary: 'join the main process of a running container',
  description: `It shows what the process writes from now on; with -i it passes the input on, if the container has stdin: true.

Exit code: 0 when the container ended; 130 after Ctrl-C without -t: the container goes on.`,
  operands: { usage: 'POD', atLeast: 1, atMost: 1 },
  flags: [CONTAINER_FLAG, STDIN_FLAG, TTY_FLAG, QUIET_FLAG, ...CLUSTER_FLAGS],
  examples: [{ command: 'peapod attach -it shell', shows: 'use the shell that a container runs' }],
  load: async () => (await import('./streams/attach.ts')).attach,
}

const PORT_FORWARD: Command = {
  name: 'port-forward',
  summary: "reach ports of a Pod from this machine, also those of the Pod's own localhost",
  description: `PORT is the same here and there, LOCAL:PORT another one here, :PORT any free one here; a port of the Pod may be given by its
name. It forwards until Ctrl-C; each connection has its own way to the Pod, so that a slow one holds up no other.

Exit code: 0 after Ctrl-C; 1 when the Pod is gone, or a local port cannot be had.`,
  operands: { usage: 'POD [LOCAL:]PORT...', atLeast: 2, atMost: Infinity },
  flags: [
    {
      name: 'address',
      type: 'text',
      value: 'ADDRESS',
      repeatable: true,
      help: 'listen there (default: localhost: 127.0.0.1 and ::1); several apart by commas',
    },
    ...CLUSTER_FLAGS,
  ],
  examples: [
    { command: 'peapod port-forward web 8080:80', shows: 'http://localhost:8080 leads to port 80 of the Pod' },
    { command: 'peapod port-forward deployment/web :http', shows: 'a free local port, and a named one of the Pod' },
  ],
  load: async () => (await import('./port-forward/port-forward.ts')).portForward,
}

/** Commands that carry bytes to and from the containers of running Pods. */
export const STREAM_COMMANDS: readonly Command[] = [EXEC, ATTACH, PORT_FORWARD]
