import { NO_OPERANDS, type Command, type Flag } from './command.ts'
import { CLUSTER_FLAGS, OUTPUT_FLAG } from './common-flags.ts'

const FILES_FLAG: Flag = {
  name: 'filename',
  short: 'f',
  type: 'text',
  value: 'FILE',
  repeatable: true,
  help: 'a manifest, a directory of them, or - for standard input',
}

const UP: Command = {
  name: 'up',
  summary: 'apply manifests and wait until their Pods are ready',
  description: `Every object is applied by the server (server-side apply, field manager "peapod"): Namespaces first, Pods last. Then up waits
until each Pod is Ready or has Succeeded, and shows what its containers do; containers without a readiness probe have to run for
a second. Nothing is deleted that is not in the manifests.

Exit code: 0 when all Pods are up; 1 when one Failed or cannot start (its image cannot be pulled, it crashes again and again),
or the server refuses an object; 124 after --timeout; 130 after Ctrl-C. The objects stay: "peapod down" deletes them.`,
  operands: { usage: 'FILE...', atLeast: 0, atMost: Infinity },
  flags: [
    FILES_FLAG,
    { name: 'no-wait', type: 'boolean', help: 'do not wait for the Pods' },
    { name: 'timeout', type: 'duration', help: 'wait for so long (default: 5m; 0: for ever)' },
    { name: 'force-conflicts', type: 'boolean', help: 'take over fields that others manage' },
    {
      name: 'dry-run',
      type: 'choice',
      choices: ['none', 'server'],
      help: 'server: let the server check everything and keep nothing (default: none)',
    },
    {
      name: 'output',
      short: 'o',
      type: 'choice',
      choices: ['text', 'json'],
      help: 'text for people, json for one JSON object a line (default: text)',
    },
    ...CLUSTER_FLAGS,
  ],
  examples: [
    { command: 'peapod up -f pod.yaml', shows: 'start a Pod, or change it, and wait until it is ready' },
    { command: 'peapod up -f manifests/ --timeout 2m', shows: 'everything of a directory' },
    { command: 'peapod up -f pod.yaml --context my-cluster', shows: 'in a Kubernetes cluster' },
  ],
  load: async () => (await import('./up/up.ts')).up,
}

const DOWN: Command = {
  name: 'down',
  summary: 'delete what manifests name, or Pods by name, and wait until it is gone',
  description: `What was made last goes first; namespaces go last. What is not there is told, and no error.

Exit code: 0 when everything is gone; 124 when something is still there after --timeout; 130 after Ctrl-C; 1 on failure.`,
  operands: { usage: 'POD...', atLeast: 0, atMost: Infinity },
  flags: [
    FILES_FLAG,
    { name: 'timeout', type: 'duration', help: 'wait for so long (default: for ever)' },
    {
      name: 'grace-period',
      type: 'count',
      value: 'SECONDS',
      help: "time to stop in, instead of each Pod's own; 0 deletes at once",
    },
    { name: 'now', type: 'boolean', help: 'the same as --grace-period 1' },
    { name: 'no-wait', type: 'boolean', help: 'do not wait until it is gone' },
    ...CLUSTER_FLAGS,
  ],
  examples: [
    { command: 'peapod down -f pod.yaml', shows: 'delete what up made' },
    { command: 'peapod down web --now', shows: 'one Pod by name, quickly' },
  ],
  load: async () => (await import('./down/down.ts')).down,
}

const ALL_NAMESPACES_FLAG: Flag = {
  name: 'all-namespaces',
  short: 'A',
  type: 'boolean',
  help: 'of all namespaces',
}

const SELECTOR_FLAG: Flag = {
  name: 'selector',
  short: 'l',
  type: 'text',
  value: 'LABELS',
  help: 'only those with these labels, such as app=web,tier!=test',
}

const PS: Command = {
  name: 'ps',
  summary: 'list Pods and their containers',
  description: `The words are those of "kubectl get pods"; below each Pod stand its containers, without init containers that are done.

Exit code: 0; 1 on failure; 130 when Ctrl-C ends --watch.`,
  operands: NO_OPERANDS,
  flags: [
    ALL_NAMESPACES_FLAG,
    SELECTOR_FLAG,
    { name: 'watch', short: 'w', type: 'boolean', help: 'then print each Pod again when it changes' },
    {
      name: 'output',
      short: 'o',
      type: 'choice',
      choices: ['wide', 'json', 'yaml', 'name'],
      help: 'more columns, whole objects, or pod/NAME lines',
    },
    { name: 'no-containers', type: 'boolean', help: 'only the Pods' },
    ...CLUSTER_FLAGS,
  ],
  examples: [
    { command: 'peapod ps', shows: 'the Pods of the namespace' },
    { command: 'peapod ps -A -l app=web --watch', shows: 'those with a label in all namespaces, as they change' },
  ],
  load: async () => (await import('./ps/ps.ts')).ps,
}

const WAIT: Command = {
  name: 'wait',
  summary: 'wait for a condition of objects, as "kubectl wait"',
  description: `Conditions: condition=TYPE, condition=TYPE=STATUS, jsonpath='{PATH}'=VALUE, jsonpath='{PATH}' (there is a value), create,
delete.

Exit code: 0 when all objects meet it; 1 when one did not in time, or is not there; 130 after Ctrl-C.`,
  operands: { usage: 'TYPE/NAME... | TYPE NAME...', atLeast: 1, atMost: Infinity },
  flags: [
    { name: 'for', type: 'text', value: 'CONDITION', help: 'what to wait for' },
    { name: 'timeout', type: 'duration', help: 'wait for so long; 0: look once (default: 30s)' },
    SELECTOR_FLAG,
    { name: 'all', type: 'boolean', help: 'every object of the type' },
    ALL_NAMESPACES_FLAG,
    ...CLUSTER_FLAGS,
  ],
  examples: [
    { command: 'peapod wait pod/web --for=condition=Ready --timeout=60s', shows: 'until a Pod is ready' },
    { command: "peapod wait pod -l app=web --for=jsonpath='{.status.phase}'=Running", shows: 'until some Pods run' },
    { command: 'peapod wait pod/web --for=delete', shows: 'until a Pod is gone' },
  ],
  load: async () => (await import('./wait/wait.ts')).wait,
}

const EVENTS: Command = {
  name: 'events',
  summary: 'list events: what happened to objects, as "kubectl events"',
  description: 'Exit code: 0; 1 on failure; 130 when Ctrl-C ends --watch.',
  operands: NO_OPERANDS,
  flags: [
    { name: 'for', type: 'text', value: 'TYPE/NAME', help: 'only those of one object, such as pod/web' },
    {
      name: 'types',
      type: 'text',
      value: 'TYPES',
      repeatable: true,
      help: 'only Normal or Warning ones; both with a comma between them',
    },
    { name: 'watch', short: 'w', type: 'boolean', help: 'then print each one that comes' },
    ALL_NAMESPACES_FLAG,
    { name: 'no-headers', type: 'boolean', help: 'without the headings' },
    { name: 'output', short: 'o', type: 'choice', choices: ['json', 'yaml', 'name'], help: 'whole objects, or names' },
    ...CLUSTER_FLAGS,
  ],
  examples: [
    { command: 'peapod events --for pod/web', shows: 'what happened to a Pod' },
    { command: 'peapod events -A --types Warning --watch', shows: 'what goes wrong, everywhere, from now on' },
  ],
  load: async () => (await import('./events/events.ts')).events,
}

const DESCRIBE: Command = {
  name: 'describe',
  summary: 'show all there is to know of Pods, as "kubectl describe pod"',
  description: `Without names: every Pod of the namespace.

Exit code: 0; 1 when a Pod is not there, or on failure.`,
  operands: { usage: 'pod NAME... | pod/NAME...', atLeast: 1, atMost: Infinity },
  flags: [
    SELECTOR_FLAG,
    ALL_NAMESPACES_FLAG,
    { name: 'no-events', type: 'boolean', help: 'without events' },
    ...CLUSTER_FLAGS,
  ],
  examples: [
    { command: 'peapod describe pod web', shows: 'one Pod' },
    { command: 'peapod describe pods -l app=web', shows: 'those with a label' },
  ],
  load: async () => (await import('./describe/describe.ts')).describe,
}

const WHY: Command = {
  name: 'why',
  summary: 'say in one sentence what a Pod waits for now, and which rule says so',
  description: `The rules are those of docs/pod-lifecycle.md, with the place in the documentation of Kubernetes.

Exit code: 0; 1 when the Pod is not there, or on failure.`,
  operands: { usage: 'POD...', atLeast: 1, atMost: Infinity },
  flags: [OUTPUT_FLAG, ...CLUSTER_FLAGS],
  examples: [
    { command: 'peapod why web', shows: 'why a Pod is not ready' },
    { command: 'peapod why web --output json', shows: 'the same for a program' },
  ],
  load: async () => (await import('./why/why.ts')).why,
}

/** Commands for objects of a Kubernetes API, on this machine or elsewhere. */
export const OBJECT_COMMANDS: readonly Command[] = [UP, DOWN, PS, WAIT, EVENTS, DESCRIBE, WHY]
