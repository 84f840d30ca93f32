import { fillLimitRangeDefaults } from '../../../kube/api/limit-range-defaults.ts'
import { checkLimitRange } from '../../../kube/api/rules/limit-range.ts'
import { LIMIT_RANGES, type LimitRange } from '../../store/resources.ts'
import type { Kind } from './kind.ts'
import { selectable } from './selectable.ts'
import { storedRules } from './stored-rules.ts'

export const limitRangeKind: Kind<LimitRange> = {
  resource: LIMIT_RANGES,
  singular: 'limitrange',
  shortNames: ['limits'],
  subresources: [],
  canDeleteCollection: true,
  updateCreates: true,
  ...selectable(),
  rules: (existing) =>
    storedRules<LimitRange>(
      { typeName: 'V1LimitRange', fill: fillLimitRangeDefaults, check: checkLimitRange },
      existing,
    ),
}
