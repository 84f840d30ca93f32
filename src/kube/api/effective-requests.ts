import type { Container, Pod } from './pod.ts'
import { isSidecar } from './pod.ts'
import { parseQuantity } from './quantity.ts'

/** How much of each resource, in billionths of its unit: `{ cpu: 500_000_000n }` is half a CPU. */
export type NanoAmounts = Readonly<Record<string, bigint>>

/**
 * What a pod takes of its node as far as promises go: the largest of what is asked for while any init container runs and
 * of what sidecars and app containers ask for together, and the overhead (Q1). Requests of the pod itself decide where it
 * has some (Q5).
 */
export function effectiveRequests({ spec }: Pick<Pod, 'spec'>): NanoAmounts {
  let sidecars: NanoAmounts = {}
  let whileInitializing: NanoAmounts = {}
  for (const container of spec.initContainers ?? []) {
    const here = sum(sidecars, requestsOf(container))
    if (isSidecar(container)) sidecars = here
    whileInitializing = combine(whileInitializing, here, (one, other) => (one > other ? one : other))
  }
  const running = spec.containers.map(requestsOf).reduce(sum, sidecars)
  const ofContainers = combine(whileInitializing, running, (one, other) => (one > other ? one : other))
  return sum({ ...ofContainers, ...requestsOf(spec) }, nanosOf(spec.overhead ?? {}))
}

export function sum(one: NanoAmounts, other: NanoAmounts): NanoAmounts {
  return combine(one, other, (amount, more) => amount + more)
}

export function nanosOf(quantities: Readonly<Record<string, string>>): NanoAmounts {
  return Object.fromEntries(
    Object.entries(quantities).map(([resource, text]) => [resource, parseQuantity(text)?.nanos ?? 0n]),
  )
}

/** A limit without a request is a request, too (Q2). */
function requestsOf({ resources }: Pick<Container, 'resources'>): NanoAmounts {
  return { ...nanosOf(resources?.limits ?? {}), ...nanosOf(resources?.requests ?? {}) }
}

function combine(one: NanoAmounts, other: NanoAmounts, how: (one: bigint, other: bigint) => bigint): NanoAmounts {
  const resources = new Set([...Object.keys(one), ...Object.keys(other)])
  return Object.fromEntries([...resources].map((name) => [name, how(one[name] ?? 0n, other[name] ?? 0n)]))
}
