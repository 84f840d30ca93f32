import type { LimitParts } from './rules/limit-range.ts'

interface LimitRangeParts {
  readonly spec?: { readonly limits?: readonly LimitParts[] }
}

/**
 * A LimitRange in which what containers get by default follows from what they may have at most and at least.
 * Source: SetDefaults_LimitRangeItem of pkg/apis/core/v1/defaults.go.
 */
export function fillLimitRangeDefaults<T extends LimitRangeParts>(range: T): T {
  const { spec }: LimitRangeParts = range
  if (spec === undefined) return range
  const { limits = [] } = spec
  return { ...range, spec: { ...spec, limits: limits.map(fillLimit) } }
}

function fillLimit(limit: LimitParts): LimitParts {
  if (limit.type !== 'Container') return limit
  const given = { ...limit.max, ...limit.default }
  const requested = { ...limit.min, ...given, ...limit.defaultRequest }
  return {
    ...limit,
    ...(Object.keys(given).length === 0 ? {} : { default: given }),
    ...(Object.keys(requested).length === 0 ? {} : { defaultRequest: requested }),
  }
}
