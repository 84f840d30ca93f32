import type { Flag } from './command.ts'

export const DEFAULT_STATE_DIRECTORY = '/var/lib/peapod'

/** Every command has it. */
export const HELP_FLAG: Flag = { name: 'help', short: 'h', type: 'boolean', help: 'show this text' }

export const STATE_DIRECTORY_FLAG: Flag = {
  name: 'state-dir',
  type: 'text',
  value: 'DIR',
  help: `where images and running pods are kept (default: $PEAPOD_STATE_DIR or ${DEFAULT_STATE_DIRECTORY})`,
}

export const RESTART_BACKOFF_FLAG: Flag = {
  name: 'restart-backoff',
  type: 'choice',
  choices: ['normal', 'fast'],
  help: 'crashed containers stay down 10s doubling to 5m, or 1s doubling to 1m (default: normal)',
}

export const OUTPUT_FLAG: Flag = {
  name: 'output',
  short: 'o',
  type: 'choice',
  choices: ['text', 'json'],
  help: 'text for people, json for programs (default: text)',
}

export const QUIET_FLAG: Flag = { name: 'quiet', short: 'q', type: 'boolean', help: 'print no progress' }

/** For commands that ask a Kubernetes API: which one, and where in it. See openCluster. */
export const CLUSTER_FLAGS: readonly Flag[] = [
  {
    name: 'namespace',
    short: 'n',
    type: 'text',
    value: 'NAME',
    help: "the namespace (default: the context's own, else default)",
  },
  {
    name: 'context',
    type: 'text',
    value: 'NAME',
    help: 'a cluster of your kubeconfig (default: the server on this machine)',
  },
  {
    name: 'kubeconfig',
    type: 'text',
    value: 'FILE',
    help: 'another one than $KUBECONFIG or ~/.kube/config; without --context its current context counts',
  },
  STATE_DIRECTORY_FLAG,
]
