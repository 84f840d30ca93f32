import type { PodSpec } from './pod.ts'
import { parseQuantity } from './quantity.ts'

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

type Amounts = { readonly [resource: string]: string } | undefined

/**
 * How well a pod's resources are promised (Q2): over all containers, init containers and sidecars included. Resources of
 * the pod itself decide alone when it has some.
 *
 * @see https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/
 */
export function qosClass(pod: {
  readonly spec: Pick<PodSpec, 'containers' | 'initContainers' | 'resources'>
}): QosClass {
  const { containers, initContainers = [], resources } = pod.spec
  const decisive = hasAmounts(resources)
    ? [resources]
    : [...initContainers, ...containers].map((each) => each.resources)
  if (decisive.every((each) => !hasAmounts(each))) return 'BestEffort'
  const guaranteed = decisive.every(
    (each) => isGuaranteed('cpu', each?.requests, each?.limits) && isGuaranteed('memory', each?.requests, each?.limits),
  )
  return guaranteed ? 'Guaranteed' : 'Burstable'
}

function hasAmounts(resources: { readonly requests?: Amounts; readonly limits?: Amounts } | undefined): boolean {
  return ['cpu', 'memory'].some(
    (resource) => nanosOf(resources?.requests, resource) > 0n || nanosOf(resources?.limits, resource) > 0n,
  )
}

function isGuaranteed(resource: string, requests: Amounts, limits: Amounts): boolean {
  const limit = nanosOf(limits, resource)
  return limit > 0n && (requests?.[resource] === undefined || nanosOf(requests, resource) === limit)
}

function nanosOf(amounts: Amounts, resource: string): bigint {
  return parseQuantity(amounts?.[resource] ?? '0')?.nanos ?? 0n
}
