import type { V1ResourceRequirements } from '@kubernetes/client-node'
import { parseQuantity } from '../quantity.ts'
import type { Draft, Finding } from './finding.ts'
import { invalid, invalidFor } from './finding.ts'
import { brokenByQualifiedName } from './names.ts'

const FOR_CONTAINERS = ['cpu', 'memory', 'ephemeral-storage']
const ELSEWHERE = ['pods', 'services', 'secrets', 'configmaps', 'storage', 'resourcequotas', 'persistentvolumeclaims']
const WHOLE_NUMBER = 1_000_000_000n

/** resources of a container: names, sizes, and no request above its limit. */
export function checkResources(resources: Draft<V1ResourceRequirements>, field: string): Finding[] {
  const { limits = {}, requests = {} } = resources
  return [
    ...Object.entries(limits).flatMap(([name, amount = '']) => checkAmount(name, amount, `${field}.limits[${name}]`)),
    ...Object.entries(requests).flatMap(([name, amount = '']) => [
      ...checkAmount(name, amount, `${field}.requests[${name}]`),
      ...checkAgainstLimit(name, amount, { limit: limits[name], field: `${field}.requests` }),
    ]),
  ]
}

function checkAmount(name: string, amount: string, field: string): Finding[] {
  const nanos = nanosOf(amount)
  return [
    ...checkResourceName(name, field),
    ...(nanos < 0n ? [invalid(field, amount, 'must be greater than or equal to 0')] : []),
    ...(isExtended(name) && nanos % WHOLE_NUMBER !== 0n ? [invalid(field, amount, 'must be an integer')] : []),
  ]
}

function checkResourceName(name: string, field: string): Finding[] {
  const sentences = brokenByQualifiedName(name)
  if (sentences.length > 0) return invalidFor(field, name, sentences)
  if (name.includes('/') || FOR_CONTAINERS.includes(name) || name.startsWith('hugepages-')) return []
  return [
    ...(ELSEWHERE.includes(name) ? [] : [invalid(field, name, 'must be a standard resource type or fully qualified')]),
    invalid(field, name, 'must be a standard resource for containers'),
  ]
}

function checkAgainstLimit(
  name: string,
  amount: string,
  against: { readonly limit: string | undefined; readonly field: string },
): Finding[] {
  const mayNotExceed = isExtended(name) || name.startsWith('hugepages-')
  const place = `${against.field}[${name}]`
  if (against.limit === undefined) {
    return mayNotExceed
      ? [{ ...invalid(against.field, name, 'Limit must be set for non overcommitable resources'), place }]
      : []
  }
  if (mayNotExceed && nanosOf(amount) !== nanosOf(against.limit)) {
    return [{ ...invalid(against.field, amount, `must be equal to ${name} limit`), place }]
  }
  return nanosOf(amount) > nanosOf(against.limit)
    ? [{ ...invalid(against.field, amount, `must be less than or equal to ${name} limit`), place }]
    : []
}

function isExtended(name: string): boolean {
  return name.includes('/') && !name.startsWith('kubernetes.io/')
}

function nanosOf(amount: string): bigint {
  return parseQuantity(amount)?.nanos ?? 0n
}
