import type { Command } from './command.ts'
import { RESTART_BACKOFF_FLAG, STATE_DIRECTORY_FLAG } from './common-flags.ts'

export const RUN: Command = {
  name: 'run',
  summary: 'run the Pods in manifests and show their output until they end',
  description: `FILE is a manifest in YAML or JSON, a directory of them, or - for standard input. A file may hold several documents;
several Pods run at the same time. Nothing starts while anything is wrong with any of them. ConfigMaps and Secrets beside
them are made first, and deleted after them.

The Pods are always deleted at the end. Ctrl-C stops them within their grace period, a second Ctrl-C kills them.

Exit code: 0 when every Pod Succeeded; the failed container's exit code when one Failed; 124 after --timeout;
130 after Ctrl-C (143 after SIGTERM); 1 when a manifest or the system is at fault.`,
  operands: { usage: 'FILE...', atLeast: 0, atMost: Infinity },
  flags: [
    { name: 'filename', short: 'f', type: 'text', value: 'FILE', repeatable: true, help: 'the same as FILE' },
    {
      name: 'image',
      type: 'text',
      value: 'NAME=OTHER',
      repeatable: true,
      help: 'use image OTHER where the manifest says NAME; NAME without a tag means any tag',
    },
    {
      name: 'config',
      type: 'text',
      value: 'FILE',
      help: 'settings (default: peapod/config.json in ~/.config, then ./peapod.config.json)',
    },
    { name: 'namespace', short: 'n', type: 'text', value: 'NAME', help: 'for Pods that name none (default: default)' },
    {
      name: 'output',
      short: 'o',
      type: 'choice',
      choices: ['text', 'json'],
      help: 'text for people, json for one JSON object a line (default: text)',
    },
    { name: 'no-logs', type: 'boolean', help: "leave out the containers' output" },
    {
      name: 'timeout',
      type: 'duration',
      help: 'after this time stop as Ctrl-C does and exit with 124, such as 30s or 5m',
    },
    {
      name: 'grace-period',
      type: 'count',
      value: 'SECONDS',
      help: "time to stop in, instead of each Pod's terminationGracePeriodSeconds",
    },
    RESTART_BACKOFF_FLAG,
    STATE_DIRECTORY_FLAG,
  ],
  examples: [
    { command: 'peapod run pod.yaml', shows: 'run a Pod until it ends or Ctrl-C is pressed' },
    {
      command: 'peapod run --image nginx=registry.local/nginx:1.29 pod.yaml',
      shows: 'with another image in the place of one',
    },
    {
      command: 'peapod run --timeout 5m --output json manifests/ | jq .',
      shows: 'every manifest of a directory, for a program',
    },
    {
      command: 'kubectl run hello --image=busybox --dry-run=client -o yaml | peapod run -',
      shows: 'a manifest from standard input',
    },
  ],
  load: async () => (await import('./run/run.ts')).run,
}
