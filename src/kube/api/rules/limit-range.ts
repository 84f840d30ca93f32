import { parseQuantity } from '../quantity.ts'
import type { Finding } from './finding.ts'
import { duplicate, forbidden, invalid, invalidFor, required } from './finding.ts'
import { brokenByQualifiedName } from './names.ts'
import { checkLimitResource } from './quota-resource.ts'

// Source: ValidateLimitRange of pkg/apis/core/validation.

type Amounts = Readonly<Record<string, string>>

/** One entry of a LimitRange, as it stands in JSON. */
export interface LimitParts {
  readonly type?: string
  readonly min?: Amounts
  readonly max?: Amounts
  readonly default?: Amounts
  readonly defaultRequest?: Amounts
  readonly maxLimitRequestRatio?: Amounts
}

const TYPES = ['Pod', 'Container', 'PersistentVolumeClaim']
const AMOUNTS = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const
const ONE = 1_000_000_000n

export function checkLimitRange({ spec }: { readonly spec?: { readonly limits?: readonly LimitParts[] } }): Finding[] {
  const limits = spec?.limits ?? []
  return limits.flatMap((limit, index) => {
    const field = `spec.limits[${index}]`
    const isRepeated = limits.findIndex(({ type }) => type === limit.type) < index
    return [
      ...checkType(limit.type ?? '', `${field}.type`),
      ...(isRepeated ? [duplicate(`${field}.type`, limit.type)] : []),
      ...checkNames(limit, field),
      ...checkOfType(limit, field),
      ...namesIn(limit).flatMap((name) => checkOrder(limit, name, field)),
    ]
  })
}

function checkType(type: string, field: string): Finding[] {
  const sentences = brokenByQualifiedName(type)
  if (sentences.length > 0) return invalidFor(field, type, sentences)
  return type.includes('/') || TYPES.includes(type)
    ? []
    : [invalid(field, type, 'must be a standard limit type or fully qualified')]
}

function checkNames(limit: LimitParts, field: string): Finding[] {
  const ofContainers = limit.type === 'Pod' || limit.type === 'Container'
  return AMOUNTS.flatMap((part) =>
    Object.keys(limit[part] ?? {}).flatMap((name) =>
      checkLimitResource(name, ofContainers, `${field}.${part}[${name}]`),
    ),
  )
}

function checkOfType(limit: LimitParts, field: string): Finding[] {
  if (limit.type === 'Pod') {
    return (['default', 'defaultRequest'] as const)
      .filter((part) => Object.keys(limit[part] ?? {}).length > 0)
      .map((part) => forbidden(`${field}.${part}`, "may not be specified when `type` is 'Pod'"))
  }
  if (limit.type !== 'PersistentVolumeClaim') return []
  return limit.min?.['storage'] === undefined && limit.max?.['storage'] === undefined
    ? [required(`${field}.limits`, 'either minimum or maximum storage value is required, but neither was provided')]
    : []
}

function namesIn(limit: LimitParts): string[] {
  return [...new Set(AMOUNTS.flatMap((part) => Object.keys(limit[part] ?? {})))]
}

/** Each pair: which amount may not be above which, where that is reported, and how Kubernetes says it. */
const ORDER: readonly (readonly [
  lower: (typeof AMOUNTS)[number],
  upper: (typeof AMOUNTS)[number],
  reported: readonly [(typeof AMOUNTS)[number], shown: 'lower' | 'upper'],
  sentence: (lower: string, upper: string) => string,
])[] = [
  ['min', 'max', ['min', 'lower'], (min, max) => `min value ${min} is greater than max value ${max}`],
  [
    'min',
    'defaultRequest',
    ['defaultRequest', 'upper'],
    (min, request) => `min value ${min} is greater than default request value ${request}`,
  ],
  [
    'defaultRequest',
    'max',
    ['defaultRequest', 'lower'],
    (request, max) => `default request value ${request} is greater than max value ${max}`,
  ],
  [
    'defaultRequest',
    'default',
    ['defaultRequest', 'lower'],
    (request, limit) => `default request value ${request} is greater than default limit value ${limit}`,
  ],
  ['min', 'default', ['default', 'lower'], (min, limit) => `min value ${min} is greater than default value ${limit}`],
  ['default', 'max', ['default', 'upper'], (limit, max) => `default value ${limit} is greater than max value ${max}`],
]

function checkOrder(limit: LimitParts, name: string, field: string): Finding[] {
  const ratio = limit.maxLimitRequestRatio?.[name]
  return [
    ...ORDER.flatMap(([lower, upper, [part, shown], sentence]) => {
      const low = limit[lower]?.[name]
      const high = limit[upper]?.[name]
      if (low === undefined || high === undefined || nanosOf(low) <= nanosOf(high)) return []
      return [invalid(`${field}.${part}[${name}]`, shown === 'lower' ? low : high, sentence(low, high))]
    }),
    ...(ratio === undefined ? [] : checkRatio(limit, ratio, { name, field: `${field}.maxLimitRequestRatio[${name}]` })),
  ]
}

function checkRatio(
  limit: LimitParts,
  ratio: string,
  { name, field }: { readonly name: string; readonly field: string },
): Finding[] {
  if (nanosOf(ratio) < ONE) return [invalid(field, ratio, `ratio ${ratio} is less than 1`)]
  const min = limit.min?.[name]
  const max = limit.max?.[name]
  if (min === undefined || max === undefined) return []
  const most = Number(nanosOf(max)) / Number(nanosOf(min))
  return Number(nanosOf(ratio)) / Number(ONE) > most
    ? [invalid(field, ratio, `ratio ${ratio} is greater than max/min = ${most.toFixed(6)}`)]
    : []
}

function nanosOf(amount: string): bigint {
  return parseQuantity(amount)?.nanos ?? 0n
}
