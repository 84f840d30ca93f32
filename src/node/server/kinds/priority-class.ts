import { checkPriorityClass, checkPriorityClassUpdate } from '../../../kube/api/rules/priority-class.ts'
import { PRIORITY_CLASSES, type PriorityClass } from '../../store/resources.ts'
import { ageColumn, nameColumn } from '../tables/common-columns.ts'
import type { Column, Kind } from './kind.ts'
import { selectable } from './selectable.ts'
import { storedRules } from './stored-rules.ts'

const COLUMNS: readonly Column<PriorityClass>[] = [
  nameColumn,
  {
    name: 'Value',
    type: 'integer',
    description: 'The integer value of this priority class, which pods receive that name it.',
    cell: ({ value = 0 }) => value,
  },
  {
    name: 'Global-Default',
    type: 'boolean',
    description: 'Whether pods that name no class get this one.',
    cell: ({ globalDefault = false }) => globalDefault,
  },
  ageColumn,
  {
    name: 'PreemptionPolicy',
    description: 'Whether pods of this class may take the place of others.',
    cell: ({ preemptionPolicy = '' }) => preemptionPolicy,
  },
]

export const priorityClassKind: Kind<PriorityClass> = {
  resource: PRIORITY_CLASSES,
  singular: 'priorityclass',
  shortNames: ['pc'],
  subresources: [],
  canDeleteCollection: true,
  ...selectable(),
  rules: (existing) =>
    storedRules<PriorityClass>(
      {
        typeName: 'V1PriorityClass',
        fill: (object) => ({ ...object, preemptionPolicy: object.preemptionPolicy ?? 'PreemptLowerPriority' }),
        check: checkPriorityClass,
        checkUpdate: checkPriorityClassUpdate,
        hasGeneration: true,
      },
      existing,
    ),
  columns: () => Promise.resolve(COLUMNS),
}
