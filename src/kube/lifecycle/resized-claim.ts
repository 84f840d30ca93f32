import type { Container, Pod } from '../api/pod.ts'
import { parseQuantity } from '../api/quantity.ts'
import type { NodeClaim } from './node-fit.ts'
import { claimOf } from './node-fit.ts'

/**
 * What a pod on a node keeps others from having while it is resized, by its status: of what was promised and what is asked
 * for the larger one, so that both fit (Q6). What no node could give counts for nothing.
 */
export function resizedClaim(pod: Pod): NodeClaim {
  const { containers, initContainers } = pod.spec
  const { conditions = [], containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {}
  const pending = conditions.find(({ type }) => type === 'PodResizePending')
  const isAsked = pending?.reason !== 'Infeasible'
  const promised = new Map(
    [...initContainerStatuses, ...containerStatuses].map(({ name, allocatedResources }) => [name, allocatedResources]),
  )
  const claiming = (container: Container): Container => {
    const allocated = promised.get(container.name)
    if (allocated === undefined) return container
    const requests = isAsked ? larger(container.resources?.requests ?? {}, allocated) : allocated
    return { ...container, resources: { ...container.resources, limits: {}, requests } }
  }
  return claimOf({
    ...pod,
    spec: {
      ...pod.spec,
      containers: containers.map(claiming),
      ...(initContainers !== undefined && { initContainers: initContainers.map(claiming) }),
    },
  })
}

type Requests = Readonly<Record<string, string>>

function larger(one: Requests, other: Requests): Requests {
  const nanos = (amount: string): bigint => parseQuantity(amount)?.nanos ?? 0n
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return Object.fromEntries(
    [...names].map((name) => {
      const [here = '0', there = '0'] = [one[name], other[name]]
      return [name, nanos(here) >= nanos(there) ? here : there]
    }),
  )
}
