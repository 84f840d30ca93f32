import type { Container, Pod } from '../api/pod.ts'
import { isSidecar } from '../api/pod.ts'
import { parseQuantity } from '../api/quantity.ts'

/** What a container asks for, and what it may not exceed: as its manifest has it. */
export type Amounts = Pick<NonNullable<Container['resources']>, 'limits' | 'requests'>

/** Amounts by container, of those that can be resized: app containers and sidecars (Q6). */
export type Allocation = Readonly<Record<string, Amounts>>

/** What the manifest asks for. */
export function wantedAllocation({ spec }: Pod): Allocation {
  const resizable = [...(spec.initContainers ?? []).filter(isSidecar), ...spec.containers]
  return Object.fromEntries(resizable.map((container) => [container.name, amountsOf(container)]))
}

/** The pod as the node has promised to run it: with these amounts, whatever its manifest asks for by now (Q6). */
export function podAsAllocated(pod: Pod, allocation: Allocation | undefined): Pod {
  if (allocation === undefined || isSameAllocation(wantedAllocation(pod), allocation)) return pod
  const { containers, initContainers } = pod.spec
  const allocated = (container: Container): Container => {
    const amounts = Object.hasOwn(allocation, container.name) ? allocation[container.name] : undefined
    return amounts === undefined ? container : { ...container, resources: { ...container.resources, ...amounts } }
  }
  return {
    ...pod,
    spec: {
      ...pod.spec,
      containers: containers.map(allocated),
      ...(initContainers !== undefined && {
        initContainers: initContainers.map((init) => (isSidecar(init) ? allocated(init) : init)),
      }),
    },
  }
}

export function isSameAllocation(one: Allocation, other: Allocation): boolean {
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].every((name) => isSameAmounts(one[name] ?? {}, other[name] ?? {}))
}

/** Whether they mean the same: `1` is `1000m`. */
export function isSameAmounts(one: Amounts, other: Amounts): boolean {
  return (['limits', 'requests'] as const).every((part) => changedIn(one[part], other[part]).length === 0)
}

/** The resources of which the one has more or less than the other. */
export function changedIn(one: Amounts['limits'] = {}, other: Amounts['limits'] = {}): string[] {
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].filter((name) => one[name] !== other[name] && nanos(one[name]) !== nanos(other[name]))
}

/** An amount that is not there is another one than 0. */
function nanos(amount: string | undefined): bigint | undefined {
  return amount === undefined ? undefined : parseQuantity(amount)?.nanos
}

export function amountsOf({ resources: { limits, requests } = {} }: Container): Amounts {
  return { ...(limits !== undefined && { limits }), ...(requests !== undefined && { requests }) }
}
