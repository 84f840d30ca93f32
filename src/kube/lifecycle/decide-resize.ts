import { effectiveRequests, nanosOf } from '../api/effective-requests.ts'
import type { Pod } from '../api/pod.ts'
import type { Allocation } from './allocation.ts'
import { isSameAllocation, wantedAllocation } from './allocation.ts'
import type { NodeClaim, NodeFacts } from './node-fit.ts'
import { misfits } from './node-fit.ts'
import { inUnits, shortageOf } from './why-rejected.ts'

/** What a node says to the amounts that a pod's manifest asks for by now (Q6). */
export type ResizeDecision =
  /** It has promised them already. */
  | { readonly is: 'in-force' }
  | { readonly is: 'promised'; readonly allocation: Allocation }
  /** Deferred: they do not fit beside the other pods; Infeasible: they would not fit an empty node. */
  | { readonly is: 'pending'; readonly reason: 'Deferred' | 'Infeasible'; readonly message: string }

/** @param claims of the other pods that the node has taken, by what it has promised them. */
export function decideResize(
  pod: Pod,
  allocated: Allocation,
  on: { readonly node: NodeFacts; readonly claims: () => Iterable<NodeClaim> },
): ResizeDecision {
  const allocation = wantedAllocation(pod)
  if (isSameAllocation(allocation, allocated)) return { is: 'in-force' }
  const tooMuch = whyInfeasible(pod, on.node)
  if (tooMuch !== undefined) return { is: 'pending', reason: 'Infeasible', message: tooMuch }
  const short = misfits(pod, on.node, on.claims()).find(({ is }) => is === 'resource')
  if (short?.is === 'resource') return { is: 'pending', reason: 'Deferred', message: shortageOf(short) }
  return { is: 'promised', allocation }
}

/** A node looks at memory first, and tells one reason. */
function whyInfeasible(pod: Pod, { allocatable }: NodeFacts): string | undefined {
  const requests = effectiveRequests(pod)
  const capacities = nanosOf(allocatable)
  const resource = ['memory', 'cpu'].find((each) => (requests[each] ?? 0n) > (capacities[each] ?? 0n))
  if (resource === undefined) return undefined
  const [requested, capacity] = [requests, capacities].map((amounts) => inUnits(resource, amounts[resource] ?? 0n))
  return `Node didn't have enough capacity: ${resource}, requested: ${requested}, capacity: ${capacity}`
}
