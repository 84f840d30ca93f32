import { Failure } from '../../../failure.ts'
import type { Pod } from '../../../kube/api/pod.ts'
import { PODS } from '../../client/resource-type.ts'
import type { Invocation } from '../command.ts'
import type { Cluster } from '../open-cluster.ts'
import { chooseContainer, containerNames } from '../streams/choose-container.ts'
import { findPods } from '../streams/find-pods.ts'
import type { LogSource } from './log-output.ts'

/** One log that is wanted. */
export interface ChosenLog {
  readonly pod: Pod
  readonly source: LogSource
}

interface ChosenLogs {
  readonly logs: readonly ChosenLog[]
  /** For standard error: what was chosen where the user left it open. */
  readonly notices: readonly string[]
}

/** @throws Failure UsageError, NotFound */
export async function chooseLogs(cluster: Cluster, invocation: Invocation): Promise<ChosenLogs> {
  const { flags, operands } = invocation
  const [operand, second] = operands
  const asked = flags.text('container') ?? second
  if (asked !== undefined && flags.isSet('all-containers')) {
    throw new Failure('UsageError', '--all-containers goes with no container name')
  }
  const { pods, notices } = await choosePods(cluster, { operand, invocation })
  const chosen = pods.map((pod) => {
    const { names, notice } = flags.isSet('all-containers') ? { names: containerNames(pod) } : one(pod, asked)
    const { name } = pod.metadata
    return { notice, logs: names.map((container) => ({ pod, source: { pod: name, container } })) }
  })
  return {
    logs: chosen.flatMap(({ logs }) => logs),
    notices: [...notices, ...new Set(chosen.flatMap(({ notice }) => notice ?? []))],
  }
}

function one(pod: Pod, asked: string | undefined): { readonly names: readonly string[]; readonly notice?: string } {
  const { name, notice } = chooseContainer(pod, asked)
  return { names: [name], ...(notice === undefined ? {} : { notice }) }
}

async function choosePods(
  cluster: Cluster,
  { operand, invocation }: { readonly operand: string | undefined; readonly invocation: Invocation },
): Promise<{ readonly pods: readonly Pod[]; readonly notices: readonly string[] }> {
  const { flags } = invocation
  const labelSelector = flags.text('selector')
  if ((operand === undefined) === (labelSelector === undefined)) {
    throw new Failure(
      'UsageError',
      'logs needs POD, TYPE/NAME or --selector, and only one of them; see "peapod logs --help"',
    )
  }
  if (operand === undefined || labelSelector !== undefined) {
    const { namespace } = cluster
    const { items } = await cluster.client.list(PODS, { namespace, ...(labelSelector ? { labelSelector } : {}) })
    return { pods: items, notices: items.length > 0 ? [] : [`No resources found in ${namespace} namespace.`] }
  }
  const found = await findPods(cluster, operand)
  const [first] = found
  if (flags.isSet('all-pods') || found.length === 1) return { pods: found, notices: [] }
  return { pods: [first], notices: [`Found ${found.length} pods, using pod/${first.metadata.name}`] }
}
