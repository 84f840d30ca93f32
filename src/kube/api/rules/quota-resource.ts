import { parseQuantity } from '../quantity.ts'
import type { Finding } from './finding.ts'
import { invalid, invalidFor } from './finding.ts'
import { brokenByQualifiedName } from './names.ts'

const OF_CONTAINERS = ['cpu', 'memory', 'ephemeral-storage']
const COUNTED = [
  'pods',
  'services',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
]
const OF_QUOTAS = [
  ...OF_CONTAINERS,
  'requests.cpu',
  'requests.memory',
  'requests.storage',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  ...COUNTED,
]
const STANDARD = [...OF_QUOTAS, 'storage']
const WHOLE = 1_000_000_000n

/** An amount of something that a quota limits. Source: ValidateResourceQuotaResourceName, ValidateResourceQuantityValue. */
export function checkQuotaAmount(name: string, amount: string, field: string): Finding[] {
  const nanos = parseQuantity(amount)?.nanos ?? 0n
  const isCounted = COUNTED.includes(name) || (name.includes('/') && !name.startsWith('kubernetes.io/'))
  return [
    ...checkResourceName(name, field),
    ...(name.includes('/') || OF_QUOTAS.includes(name) || isHugePages(name)
      ? []
      : [invalid(field, name, 'must be a standard resource for quota')]),
    ...(nanos < 0n ? [invalid(field, amount, 'must be greater than or equal to 0')] : []),
    ...(isCounted && nanos % WHOLE !== 0n ? [invalid(field, amount, 'must be an integer')] : []),
  ]
}

/** The name of a resource in a limit. @param ofContainers whether it has to be one that containers use. */
export function checkLimitResource(name: string, ofContainers: boolean, field: string): Finding[] {
  return [
    ...checkResourceName(name, field),
    ...(!ofContainers || name.includes('/') || OF_CONTAINERS.includes(name) || isHugePages(name)
      ? []
      : [invalid(field, name, 'must be a standard resource for containers')]),
  ]
}

function checkResourceName(name: string, field: string): Finding[] {
  const sentences = brokenByQualifiedName(name)
  if (sentences.length > 0) return invalidFor(field, name, sentences)
  if (name.includes('/') || STANDARD.includes(name) || isHugePages(name)) return []
  return [invalid(field, name, 'must be a standard resource type or fully qualified')]
}

function isHugePages(name: string): boolean {
  return /^(?:requests\.)?hugepages-/.test(name)
}
