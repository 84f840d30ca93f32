import type { Pod } from '../api/pod.ts'
import type { Misfit, NodeClaim, NodeFacts } from './node-fit.ts'
import { misfits } from './node-fit.ts'
import { type NodeOffer, offerOf, whyUnwanted } from './node-offer.ts'

/**
 * What keeps a pod without a node from being given the only one there is, in the sentence of Kubernetes' scheduler;
 * undefined: it fits. A pod takes nothing away from others, whatever its priority.
 *
 * @param node with what is said of it; absent: nothing.
 * @param claims of the pods that have the node.
 */
export function whyUnschedulable(
  pod: Pod,
  node: NodeFacts & { readonly offer?: NodeOffer },
  claims: Iterable<NodeClaim>,
): string | undefined {
  const unwanted = whyUnwanted(pod, node.offer ?? offerOf(undefined))
  if (unwanted !== undefined) return sentence([`1 ${unwanted}`], true)
  const found = misfits(pod, { ...node, labels: { ...node.offer?.labels, ...node.labels } }, claims)
  const [first] = found
  if (first === undefined) return undefined
  // A scheduler's filters come one after the other; the one for resources names all that are short.
  const told = first.is === 'resource' ? found.filter(({ is }) => is === 'resource') : [first]
  const reasons = told.map((misfit) => `1 ${reasonOf(misfit)}`).sort()
  return sentence(reasons, told.some(isForEver))
}

function sentence(reasons: readonly string[], isForEver: boolean): string {
  const preemption = isForEver
    ? 'Preemption is not helpful for scheduling'
    : 'No preemption victims found for incoming pod'
  return (
    `0/1 nodes are available: ${reasons.join(', ')}. ` +
    `no new claims to deallocate, preemption: 0/1 nodes are available: 1 ${preemption}.`
  )
}

function reasonOf(misfit: Misfit): string {
  switch (misfit.is) {
    case 'labels':
      return "node(s) didn't match Pod's node affinity/selector"
    case 'host-ports':
      return "node(s) didn't have free ports for the requested pod ports"
    case 'resource':
      return misfit.resource === 'pods' ? 'Too many pods' : `Insufficient ${misfit.resource}`
  }
}

/** Whether the pod would not fit an empty node either. */
function isForEver(misfit: Misfit): boolean {
  return misfit.is === 'labels' || (misfit.is === 'resource' && misfit.requested > misfit.allocatable)
}
