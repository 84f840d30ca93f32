import type { V1ResourceQuota, V1ResourceQuotaSpec, V1ScopedResourceSelectorRequirement } from '@kubernetes/client-node'
import type { Draft, Finding } from './finding.ts'
import { invalid, required } from './finding.ts'
import { checkQuotaAmount } from './quota-resource.ts'

// Source: ValidateResourceQuotaSpec of pkg/apis/core/validation.

const OF_COMPUTING = [
  'pods',
  'cpu',
  'memory',
  'requests.cpu',
  'requests.memory',
  'limits.cpu',
  'limits.memory',
  'ephemeral-storage',
  'requests.ephemeral-storage',
  'limits.ephemeral-storage',
]
/** Which resources a scope can be about. */
const SCOPES: Readonly<Record<string, readonly string[]>> = {
  Terminating: OF_COMPUTING,
  NotTerminating: OF_COMPUTING,
  NotBestEffort: OF_COMPUTING,
  PriorityClass: OF_COMPUTING,
  CrossNamespacePodAffinity: OF_COMPUTING,
  BestEffort: ['pods'],
  VolumeAttributesClass: ['persistentvolumeclaims', 'requests.storage'],
}
const EXCLUDING = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const
const WITHOUT_VALUES = ['Terminating', 'NotTerminating', 'BestEffort', 'NotBestEffort', 'CrossNamespacePodAffinity']

export function checkResourceQuota({ spec = {} }: Draft<V1ResourceQuota>): Finding[] {
  const { hard = {}, scopes = [] } = spec
  return [
    ...Object.entries(hard).flatMap(([name, amount = '']) => checkQuotaAmount(name, amount, `spec.hard[${name}]`)),
    ...scopes.flatMap((scope) => checkScope(scope, spec, { field: 'spec.scopes', shown: scopes })),
    ...checkPairs(scopes, 'spec.scopes'),
    ...checkSelector(spec),
  ]
}

export function checkResourceQuotaUpdate(next: Draft<V1ResourceQuota>, current: Draft<V1ResourceQuota>): Finding[] {
  const before = current.spec?.scopes ?? []
  const scopes = next.spec?.scopes ?? []
  return before.every((scope) => scopes.includes(scope)) && scopes.every((scope) => before.includes(scope))
    ? []
    : [invalid('spec.scopes', scopes, 'field is immutable')]
}

function checkScope(
  scope: string,
  { hard = {} }: Draft<V1ResourceQuotaSpec>,
  { field, shown }: { readonly field: string; readonly shown: unknown },
): Finding[] {
  const allowed = SCOPES[scope]
  if (allowed === undefined) return [invalid(field, shown, 'unsupported scope')]
  return Object.keys(hard)
    .filter((name) => !name.includes('/') && !allowed.includes(name))
    .map(() => invalid(field, shown, 'unsupported scope applied to resource'))
}

function checkPairs(scopes: readonly string[], field: string): Finding[] {
  return EXCLUDING.filter((pair) => pair.every((scope) => scopes.includes(scope))).map(() =>
    invalid(field, scopes, 'conflicting scopes'),
  )
}

function checkSelector(spec: Draft<V1ResourceQuotaSpec>): Finding[] {
  const field = 'spec.scopeSelector.matchExpressions'
  const expressions = spec.scopeSelector?.matchExpressions ?? []
  return [
    ...expressions.flatMap((expression) => checkExpression(expression, spec, field)),
    ...checkPairs(
      expressions.map(({ scopeName = '' }) => scopeName),
      field,
    ),
  ]
}

function checkExpression(
  { scopeName = '', operator = '', values = [] }: Draft<V1ScopedResourceSelectorRequirement>,
  spec: Draft<V1ResourceQuotaSpec>,
  field: string,
): Finding[] {
  const existsSentence =
    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
  return [
    ...checkScope(scopeName, spec, {
      field: SCOPES[scopeName] === undefined ? `${field}.scopeName` : field,
      shown: scopeName,
    }),
    ...(WITHOUT_VALUES.includes(scopeName) && operator !== 'Exists'
      ? [invalid(`${field}.operator`, operator, existsSentence)]
      : []),
    ...checkValues(operator, values, field),
  ]
}

function checkValues(operator: string, values: readonly string[], field: string): Finding[] {
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values.length > 0
        ? []
        : [
            required(
              `${field}.values`,
              "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
            ),
          ]
    case 'Exists':
    case 'DoesNotExist':
      return values.length === 0
        ? []
        : [
            invalid(
              `${field}.values`,
              values,
              "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
            ),
          ]
    default:
      return [invalid(`${field}.operator`, operator, 'not a valid selector operator')]
  }
}
