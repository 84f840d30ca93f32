import type { Command, Flag } from './command.ts'
import { CLUSTER_FLAGS } from './common-flags.ts'

const CONTAINER_FLAG: Flag = {
  name: 'container',
  short: 'c',
  type: 'text',
  value: 'NAME',
  help: "the container (default: the Pod's kubectl.kubernetes.io/default-container, else its first)",
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

const LOGS: Command = {
  name: 'logs',
  summary: 'print what containers wrote',
  description: `POD may be TYPE/NAME, such as deployment/web: one of its Pods, or all of them with --all-pods. Several containers are merged in
the order of time, each line behind its container's name.

Unlike kubectl, --follow goes on over restarts, to the next instance of the container, and waits for a container that has not
started yet; it ends when none starts any more.

Exit code: 0; 1 when a log cannot be read; 130 after Ctrl-C.`,
  operands: { usage: 'POD [CONTAINER]', atLeast: 0, atMost: 2 },
  flags: [
    CONTAINER_FLAG,
    { name: 'all-containers', type: 'boolean', help: 'of all containers, init and ephemeral ones among them' },
    { name: 'all-pods', type: 'boolean', help: 'of all Pods of TYPE/NAME' },
    { name: 'selector', short: 'l', type: 'text', value: 'LABELS', help: 'of all Pods with these labels' },
    { name: 'follow', short: 'f', type: 'boolean', help: 'go on with what is written from now on' },
    { name: 'previous', short: 'p', type: 'boolean', help: 'of the instance before the newest one' },
    { name: 'events', type: 'boolean', help: "mix in the Pod's events" },
    { name: 'since', type: 'duration', help: 'not older, such as 5s, 2m or 3h' },
    { name: 'since-time', type: 'text', value: 'TIME', help: 'not older than this instant (RFC 3339)' },
    { name: 'tail', type: 'text', value: 'LINES', help: 'the last lines; -1: all (default: -1; 10 with --selector)' },
    {
      name: 'limit-bytes',
      type: 'count',
      value: 'BYTES',
      help: 'at most so much of each container; not with --follow',
    },
    { name: 'timestamps', type: 'boolean', help: 'begin each line with the instant when it was written' },
    { name: 'prefix', type: 'boolean', help: 'begin each line with [pod/POD/CONTAINER]' },
    { name: 'no-prefix', type: 'boolean', help: 'lines as they are, also of several containers' },
    {
      name: 'max-log-requests',
      type: 'count',
      value: 'COUNT',
      help: 'how many logs may be followed at once (default: 5)',
    },
    { name: 'ignore-errors', type: 'boolean', help: 'exit with 0 also when a log cannot be read' },
    ...CLUSTER_FLAGS,
  ],
  examples: [
    { command: 'peapod logs web', shows: 'the log of a Pod' },
    { command: 'peapod logs -f web --all-containers --events', shows: 'everything that happens in it from now on' },
    { command: 'peapod logs -p web -c app --tail 20', shows: 'the last words before a crash' },
  ],
  load: async () => (await import('./logs/logs.ts')).logs,
}

const CP: Command = {
  name: 'cp',
  summary: 'copy files to and from a container',
  description: `SOURCE and DESTINATION are FILE or [NAMESPACE/]POD:PATH, one of each; a directory goes with all that is in it. The container
needs tar. Nothing that a container sends is written outside of DESTINATION: its symbolic links are left out, and told.

Exit code: 0; 1 when it could not be copied.`,
  operands: { usage: 'SOURCE DESTINATION', atLeast: 2, atMost: 2 },
  flags: [
    CONTAINER_FLAG,
    { name: 'no-preserve', type: 'boolean', help: 'do not keep owners and permissions in the container' },
    ...CLUSTER_FLAGS,
  ],
  examples: [
    { command: 'peapod cp web:/var/log/app ./logs', shows: 'a directory from a container' },
    { command: 'peapod cp site/ web:/usr/share/www -c server', shows: 'a directory into one' },
  ],
  load: async () => (await import('./cp/cp.ts')).cp,
}

const TOP: Command = {
  name: 'top',
  summary: 'show what Pods or nodes use of processor and memory',
  description: `As "kubectl top pods" and "kubectl top nodes". Elsewhere the cluster needs metrics-server; this machine measures by itself.`,
  operands: { usage: 'pods|nodes [NAME]', atLeast: 1, atMost: 2 },
  flags: [
    { name: 'containers', type: 'boolean', help: 'each container of the Pods' },
    { name: 'all-namespaces', short: 'A', type: 'boolean', help: 'Pods of all namespaces' },
    { name: 'selector', short: 'l', type: 'text', value: 'LABELS', help: 'only those with these labels' },
    { name: 'sort-by', type: 'choice', choices: ['cpu', 'memory'], help: 'the largest first (default: by name)' },
    { name: 'sum', type: 'boolean', help: 'what all Pods use together, in the last line' },
    { name: 'no-headers', type: 'boolean', help: 'without the names of the columns' },
    ...CLUSTER_FLAGS,
  ],
  examples: [{ command: 'peapod top pods --containers --sort-by memory', shows: 'who uses the memory' }],
  load: async () => (await import('./top/top.ts')).top,
}

/** Commands for what containers say, take in and use. */
export const STREAM_COMMANDS: readonly Command[] = [LOGS, EXEC, ATTACH, PORT_FORWARD, CP, TOP]
