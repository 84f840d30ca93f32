import { SERVICE_ACCOUNTS, type ServiceAccount } from '../../store/resources.ts'
import { ageColumn, nameColumn } from '../tables/common-columns.ts'
import type { Column, Kind } from './kind.ts'
import { selectable } from './selectable.ts'
import { storedRules } from './stored-rules.ts'

const COLUMNS: readonly Column<ServiceAccount>[] = [
  nameColumn,
  {
    name: 'Secrets',
    description: 'Secrets is a list of the secrets in the same namespace that pods running using this account may use.',
    cell: ({ secrets = [] }) => secrets.length,
  },
  ageColumn,
]

export const serviceAccountKind: Kind<ServiceAccount> = {
  resource: SERVICE_ACCOUNTS,
  singular: 'serviceaccount',
  shortNames: ['sa'],
  subresources: ['token'],
  canDeleteCollection: true,
  ...selectable(),
  rules: (existing) => storedRules({ typeName: 'V1ServiceAccount' }, existing),
  columns: () => Promise.resolve(COLUMNS),
}
