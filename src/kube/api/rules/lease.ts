import type { V1Lease } from '@kubernetes/client-node'
import type { Draft, Finding } from './finding.ts'
import { forbidden, invalid, invalidFor, isEmpty, nonNegative, notSupported } from './finding.ts'
import { brokenByQualifiedName } from './names.ts'

const STRATEGIES = ['OldestEmulationVersion']

/** Source: ValidateLeaseSpec of pkg/apis/coordination/validation. */
export function checkLease({ spec = {} }: Draft<V1Lease>): Finding[] {
  const { leaseDurationSeconds, leaseTransitions, strategy, preferredHolder } = spec
  return [
    ...(leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0
      ? [invalid('spec.leaseDurationSeconds', leaseDurationSeconds, 'must be greater than 0')]
      : []),
    ...nonNegative('spec.leaseTransitions', leaseTransitions),
    ...(strategy === undefined ? [] : checkStrategy(strategy)),
    ...(!isEmpty(preferredHolder) && isEmpty(strategy)
      ? [forbidden('spec.preferredHolder', 'may only be specified if `strategy` is defined')]
      : []),
  ]
}

/** One of Kubernetes' own, or a qualified name. The field's name stands twice in Kubernetes too. */
function checkStrategy(strategy: string): Finding[] {
  const field = 'spec.strategy.strategy'
  if (strategy.includes('/')) return invalidFor(field, strategy, brokenByQualifiedName(strategy))
  return STRATEGIES.includes(strategy) ? [] : [notSupported(field, strategy, STRATEGIES)]
}
