import type { Namespace } from '../../store/resources.ts'
import type { Column } from '../kinds/kind.ts'
import { ageColumn, nameColumn } from './common-columns.ts'

/** Source: namespaceColumnDefinitions of pkg/printers/internalversion. */
export const namespaceColumns: readonly Column<Namespace>[] = [
  nameColumn,
  { name: 'Status', description: 'The status of the namespace', cell: ({ status }) => status?.phase ?? '' },
  ageColumn,
]
