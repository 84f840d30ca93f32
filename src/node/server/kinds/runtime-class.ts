import { checkRuntimeClass, checkRuntimeClassUpdate } from '../../../kube/api/rules/runtime-class.ts'
import { RUNTIME_CLASSES, type RuntimeClass } from '../../store/resources.ts'
import { ageColumn, nameColumn } from '../tables/common-columns.ts'
import type { Column, Kind } from './kind.ts'
import { selectable } from './selectable.ts'
import { storedRules } from './stored-rules.ts'

const COLUMNS: readonly Column<RuntimeClass>[] = [
  nameColumn,
  { name: 'Handler', description: 'The runtime and its configuration.', cell: ({ handler }) => handler },
  ageColumn,
]

export const runtimeClassKind: Kind<RuntimeClass> = {
  resource: RUNTIME_CLASSES,
  singular: 'runtimeclass',
  shortNames: [],
  subresources: [],
  canDeleteCollection: true,
  updateCreates: true,
  updateNeedsVersion: true,
  ...selectable(),
  rules: (existing) =>
    storedRules<RuntimeClass>(
      { typeName: 'V1RuntimeClass', check: checkRuntimeClass, checkUpdate: checkRuntimeClassUpdate },
      existing,
    ),
  columns: () => Promise.resolve(COLUMNS),
}
