import { checkSecret, checkSecretUpdate } from '../../../kube/api/rules/secret.ts'
import { fillSecretDefaults } from '../../../kube/api/secret-defaults.ts'
import { SECRETS, type Secret } from '../../store/resources.ts'
import { ageColumn, nameColumn } from '../tables/common-columns.ts'
import type { Column, Kind } from './kind.ts'
import { selectable } from './selectable.ts'
import { storedRules } from './stored-rules.ts'

const COLUMNS: readonly Column<Secret>[] = [
  nameColumn,
  {
    name: 'Type',
    description: 'Used to facilitate programmatic handling of secret data.',
    cell: ({ type = '' }) => type,
  },
  {
    name: 'Data',
    description: 'Data contains the secret data.',
    cell: ({ data = {} }) => Object.keys(data).length,
  },
  ageColumn,
]

export const secretKind: Kind<Secret> = {
  resource: SECRETS,
  singular: 'secret',
  shortNames: [],
  subresources: [],
  canDeleteCollection: true,
  ...selectable<Secret>({ type: ({ type }) => type }),
  rules: (existing) =>
    storedRules<Secret>(
      { typeName: 'V1Secret', fill: fillSecretDefaults, check: checkSecret, checkUpdate: checkSecretUpdate },
      existing,
    ),
  columns: () => Promise.resolve(COLUMNS),
}
