import type { V1Node, V1Taint, V1Toleration } from '@kubernetes/client-node'
import type { Json, Pod } from '../api/pod.ts'

/** What people say of a node, beside what it is: `kubectl cordon`, `taint`, `label`. */
export interface NodeOffer {
  readonly isUnschedulable: boolean
  readonly taints: readonly Json<V1Taint>[]
  readonly labels: Readonly<Record<string, string>>
}

/** The taint that a cordoned node counts as having, for pods that tolerate it. */
const CORDON: Json<V1Taint> = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }

/** @param node absent: nothing was said of it. */
export function offerOf(node: Pick<Json<V1Node>, 'metadata' | 'spec'> | undefined): NodeOffer {
  const { unschedulable = false, taints = [] } = node?.spec ?? {}
  return { isUnschedulable: unschedulable, taints, labels: node?.metadata?.labels ?? {} }
}

/** Why pods like this one are not wanted on the node, in the words of Kubernetes' scheduler; undefined: they are. */
export function whyUnwanted(pod: Pod, { isUnschedulable, taints }: NodeOffer): string | undefined {
  if (isUnschedulable && !isTolerated(CORDON, pod)) return 'node(s) were unschedulable'
  // PreferNoSchedule makes a choice among several nodes.
  const isBinding = ({ effect }: Json<V1Taint>): boolean => effect === 'NoSchedule' || effect === 'NoExecute'
  const keepsAway = taints.some((taint) => isBinding(taint) && !isTolerated(taint, pod))
  return keepsAway ? 'node(s) had untolerated taint(s)' : undefined
}

function isTolerated(taint: Json<V1Taint>, { spec }: Pod): boolean {
  return (spec.tolerations ?? []).some((toleration) => tolerates(toleration, taint))
}

/** An empty effect means all; an empty key, which goes with Exists only, all as well. */
function tolerates(
  { key = '', operator = 'Equal', value = '', effect = '' }: Json<V1Toleration>,
  taint: Json<V1Taint>,
): boolean {
  if (effect !== '' && effect !== taint.effect) return false
  if (key !== '' && key !== taint.key) return false
  return operator === 'Exists' || (operator === 'Equal' && key !== '' && value === (taint.value ?? ''))
}
