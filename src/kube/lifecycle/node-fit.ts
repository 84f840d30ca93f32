import type { V1NodeSelectorRequirement, V1NodeSelectorTerm } from '@kubernetes/client-node'
import type { NanoAmounts } from '../api/effective-requests.ts'
import { effectiveRequests, nanosOf, sum } from '../api/effective-requests.ts'
import type { Json, Pod } from '../api/pod.ts'
import { allContainers } from '../api/pod.ts'

/** A machine that pods may run on. */
export interface NodeFacts {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** What pods may be promised, as quantities: `cpu`, `memory`, `ephemeral-storage`, `pods`. */
  readonly allocatable: Readonly<Record<string, string>>
}

/** What a pod on a node keeps others from having. */
export interface NodeClaim {
  readonly requests: NanoAmounts
  readonly hostPorts: readonly HostPort[]
}

interface HostPort {
  readonly protocol: string
  readonly port: number
  readonly ip: string
}

/** Why a pod does not fit a node. */
export type Misfit =
  | { readonly is: 'labels' }
  | { readonly is: 'host-ports' }
  | {
      readonly is: 'resource'
      readonly resource: string
      /** In billionths of the resource's unit. */
      readonly requested: bigint
      readonly used: bigint
      readonly allocatable: bigint
    }

const ONE_POD = 1_000_000_000n
const ANY_ADDRESS = '0.0.0.0'

/** Whether the pod takes something of its node: it was given one and is not over. */
export function holdsNode({ spec, status }: Pod): boolean {
  return (spec.nodeName ?? '') !== '' && status?.phase !== 'Succeeded' && status?.phase !== 'Failed'
}

export function claimOf(pod: Pod): NodeClaim {
  return {
    requests: { ...effectiveRequests(pod), pods: ONE_POD },
    hostPorts: allContainers(pod).flatMap(({ ports = [] }) =>
      ports.flatMap(({ hostPort = 0, hostIP = '', protocol = 'TCP' }) =>
        hostPort === 0 ? [] : [{ protocol, port: hostPort, ip: hostIP === '' ? ANY_ADDRESS : hostIP }],
      ),
    ),
  }
}

/** All that keeps a pod from a node on which others have claims already. Resources that a node does not have count as 0. */
export function misfits(pod: Pod, node: NodeFacts, claims: Iterable<NodeClaim>): Misfit[] {
  const others = [...claims]
  const { requests, hostPorts } = claimOf(pod)
  const allocatable = nanosOf(node.allocatable)
  const used = others.reduce<NanoAmounts>((total, other) => sum(total, other.requests), {})
  const arePortsTaken = hostPorts.some((port) => others.some((other) => other.hostPorts.some((one) => meet(one, port))))
  const lacking = Object.entries(requests).flatMap(([resource, requested]): Misfit[] => {
    const has = { used: used[resource] ?? 0n, allocatable: allocatable[resource] ?? 0n }
    if (requested === 0n || requested <= has.allocatable - has.used) return []
    return [{ is: 'resource', resource, requested, ...has }]
  })
  return [
    ...(matchesNode(pod, node) ? [] : [{ is: 'labels' } as const]),
    ...(arePortsTaken ? [{ is: 'host-ports' } as const] : []),
    ...lacking,
  ]
}

function meet(one: HostPort, other: HostPort): boolean {
  const isSameAddress = one.ip === other.ip || one.ip === ANY_ADDRESS || other.ip === ANY_ADDRESS
  return isSameAddress && one.port === other.port && one.protocol === other.protocol
}

/** `nodeSelector`, and one of the terms that node affinity requires. */
function matchesNode({ spec }: Pod, node: NodeFacts): boolean {
  const isSelected = Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => node.labels[key] === value)
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return isSelected && (required === undefined || required.nodeSelectorTerms.some((term) => matchesTerm(term, node)))
}

/** A term that asks for nothing matches nothing. */
function matchesTerm({ matchExpressions = [], matchFields = [] }: Json<V1NodeSelectorTerm>, node: NodeFacts): boolean {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false
  return (
    matchExpressions.every((expression) => holds(expression, node.labels[expression.key])) &&
    matchFields.every((field) => holds(field, field.key === 'metadata.name' ? node.name : undefined))
  )
}

function holds({ operator, values = [] }: Json<V1NodeSelectorRequirement>, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
      return isInteger(value) && BigInt(value) > BigInt(values[0] ?? 0)
    case 'Lt':
      return isInteger(value) && BigInt(value) < BigInt(values[0] ?? 0)
    default:
      return false
  }
}

function isInteger(value: string | undefined): value is string {
  return value !== undefined && /^-?\d+$/.test(value)
}
