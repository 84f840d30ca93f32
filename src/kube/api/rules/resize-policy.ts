import type { V1Container, V1ContainerResizePolicy } from '@kubernetes/client-node'
import type { Draft, Finding } from './finding.ts'
import { duplicate, invalid, isEmpty, notSupported, required } from './finding.ts'

const RESOURCES = ['cpu', 'memory']
const POLICIES = ['NotRequired', 'RestartContainer']

/** What is to become of a container when its resources change (Q6). Source: validateResizePolicy of pkg/apis/core/validation. */
export function checkResizePolicy(
  { resizePolicy = [] }: Draft<V1Container>,
  field: string,
  podRestartPolicy: string | undefined,
): Finding[] {
  const taken = new Set<string | undefined>()
  return resizePolicy.flatMap((entry, index) => {
    const isRepeated = taken.has(entry.resourceName)
    taken.add(entry.resourceName)
    return [
      ...(isRepeated ? [duplicate(`${field}[${index}]`, entry.resourceName)] : []),
      ...checkEntry(entry, field, podRestartPolicy),
    ]
  })
}

/** An init container is over before anybody could resize it. */
export function checkNoResizePolicy({ resizePolicy = [] }: Draft<V1Container>, field: string): Finding[] {
  if (resizePolicy.length === 0) return []
  return [invalid(field, resizePolicy, 'must not be set for init containers')]
}

function checkEntry(
  { resourceName, restartPolicy }: Draft<V1ContainerResizePolicy>,
  field: string,
  podRestartPolicy: string | undefined,
): Finding[] {
  const restarts = podRestartPolicy === 'Never' && restartPolicy !== 'NotRequired'
  return [
    ...oneOf(resourceName, RESOURCES, field),
    ...oneOf(restartPolicy, POLICIES, field),
    ...(restarts ? [invalid(field, restartPolicy ?? '', "must be 'NotRequired' when `restartPolicy` is 'Never'")] : []),
  ]
}

function oneOf(value: string | undefined, known: readonly string[], field: string): Finding[] {
  if (isEmpty(value)) return [required(field)]
  return known.includes(value) ? [] : [notSupported(field, value, known)]
}
