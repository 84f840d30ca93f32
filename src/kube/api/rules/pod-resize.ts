import { isDeepStrictEqual } from 'node:util'
import type { Container, PodSpec } from '../pod.ts'
import { isSidecar } from '../pod.ts'
import type { QosClass } from '../qos-class.ts'
import { qosClass } from '../qos-class.ts'
import type { Finding } from './finding.ts'
import { forbidden, invalid } from './finding.ts'

const LISTS = ['containers', 'initContainers'] as const

/**
 * A pod's spec with the resources and resize policies that somebody sends to `pods/…/resize`, and of all else what it has
 * (Q6). What adds, removes, renames or moves containers is kept as it is, for checkResize to refuse.
 */
export function withResourcesOf(sent: PodSpec, current: PodSpec): PodSpec {
  if (changedNames(sent, current).length > 0) return sent
  return {
    ...current,
    containers: mergeResources(sent.containers, current.containers),
    ...(current.initContainers !== undefined && {
      initContainers: mergeResources(sent.initContainers ?? [], current.initContainers),
    }),
  }
}

/**
 * What of a resize Kubernetes refuses, beside what it refuses of any pod (Q6). Source: ValidatePodResize of
 * pkg/apis/core/validation.
 *
 * @param quality the QoS class that the pod has, and keeps.
 */
export function checkResize(next: PodSpec, current: PodSpec, quality: QosClass): Finding[] {
  const found: Finding[] = []
  if (qosClass({ spec: next }) !== quality) {
    found.push(invalid('spec', quality, 'Pod QOS Class may not change as a result of resizing'))
  }
  const renamed = changedNames(next, current)
  if (renamed.length > 0) return [...found, ...renamed]
  const inits = pairs(next.initContainers, current.initContainers)
  const apps = pairs(next.containers, current.containers)
  return [
    ...found,
    ...inits.flatMap(([sent, old], index) => checkKept(sent, old, `spec.initContainers[${index}].resources`)),
    ...apps.flatMap(([sent, old], index) => checkKept(sent, old, `spec.containers[${index}].resources`)),
    ...apps.flatMap(([sent, old]) =>
      isSameButResources(sent, old) ? [] : [forbidden('spec', 'only cpu and memory resources are mutable')],
    ),
    ...inits.flatMap(checkInit),
  ]
}

function checkInit([sent, old]: readonly [Container, Container]): Finding[] {
  if (isSidecar(old)) {
    if (isSameButResources(sent, old)) return []
    return [forbidden('spec', 'only cpu and memory resources for sidecar containers are mutable')]
  }
  if (isDeepStrictEqual(sent, old)) return []
  return [forbidden('spec', 'resources for non-sidecar init containers are immutable')]
}

/** Once asked for, an amount can be changed, not taken back. */
function checkKept(sent: Container, old: Container, field: string): Finding[] {
  return (['requests', 'limits'] as const).flatMap((part) => {
    const now = sent.resources?.[part] ?? {}
    const isKept = Object.keys(old.resources?.[part] ?? {}).every((resource) => Object.hasOwn(now, resource))
    return isKept ? [] : [forbidden(`${field}.${part}`, `resource ${part} cannot be removed`)]
  })
}

function isSameButResources(sent: Container, old: Container): boolean {
  const rest = ({ resources = {}, resizePolicy = [], ...others }: Container): unknown => ({
    ...others,
    resizePolicy,
    resources: { ...resources, requests: otherAmounts(resources.requests), limits: otherAmounts(resources.limits) },
  })
  return isDeepStrictEqual(rest(sent), rest(old))
}

function otherAmounts(amounts: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(amounts).filter(([name]) => name !== 'cpu' && name !== 'memory'))
}

function changedNames(sent: PodSpec, current: PodSpec): Finding[] {
  return LISTS.flatMap((list) => {
    const [now = [], before = []] = [sent[list], current[list]]
    if (now.length !== before.length) {
      return [forbidden(`spec.${list}`, `${list} may not be added or removed on resize`)]
    }
    return before.flatMap(({ name }, index) =>
      now[index]?.name === name
        ? []
        : [forbidden(`spec.${list}[${index}].name`, `${list} may not be renamed or reordered on resize`)],
    )
  })
}

function mergeResources(sent: readonly Container[], current: readonly Container[]): Container[] {
  return pairs(sent, current).map(([{ resources, resizePolicy }, { ...container }]) => {
    const merged = { ...container, ...(resources !== undefined && { resources }) }
    if (resizePolicy === undefined) Reflect.deleteProperty(merged, 'resizePolicy')
    return { ...merged, ...(resizePolicy !== undefined && { resizePolicy }) }
  })
}

function pairs(
  sent: readonly Container[] = [],
  current: readonly Container[] = [],
): (readonly [Container, Container])[] {
  return current.flatMap((old, index) => {
    const now = sent[index]
    return now === undefined ? [] : [[now, old] as const]
  })
}
