import type { Pod } from '../api/pod.ts'
import type { Misfit, NodeClaim, NodeFacts } from './node-fit.ts'
import { misfits } from './node-fit.ts'
import type { Rejection } from './observed-pod.ts'

/**
 * Why a node does not take a pod that was given to it, in the words of Kubernetes' node; undefined: it takes it. A pod
 * whose manifest names the node has passed no scheduler.
 *
 * @param claims of the pods that the node has taken.
 */
export function whyRejected(pod: Pod, node: NodeFacts, claims: Iterable<NodeClaim>): Rejection | undefined {
  const found = misfits(pod, node, claims)
  // A node looks at resources first, and tells one reason.
  const misfit = found.find(({ is }) => is === 'resource') ?? found[0]
  return misfit === undefined ? undefined : rejectionFor(misfit)
}

function rejectionFor(misfit: Misfit): Rejection {
  switch (misfit.is) {
    case 'labels':
      return failed('NodeAffinity', "node(s) didn't match Pod's node affinity/selector")
    case 'host-ports':
      return failed('NodePorts', "node(s) didn't have free ports for the requested pod ports")
    case 'resource':
      return { reason: `OutOf${misfit.resource}`, message: shortageOf(misfit) }
  }
}

function failed(predicate: string, why: string): Rejection {
  return { reason: predicate, message: `Predicate ${predicate} failed: ${why}` }
}

/** What a node lacks, in its words. */
export function shortageOf({ resource, ...amounts }: Misfit & { readonly is: 'resource' }): string {
  const [requested, used, capacity] = [amounts.requested, amounts.used, amounts.allocatable].map((nanos) =>
    inUnits(resource, nanos),
  )
  return `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`
}

/** CPU is told in thousandths. */
export function inUnits(resource: string, nanos: bigint): bigint {
  return nanos / (resource === 'cpu' ? 1_000_000n : 1_000_000_000n)
}
