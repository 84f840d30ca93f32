import { checkLease } from '../../../kube/api/rules/lease.ts'
import { type Lease, LEASES } from '../../store/resources.ts'
import { ageColumn, nameColumn } from '../tables/common-columns.ts'
import type { Column, Kind } from './kind.ts'
import { selectable } from './selectable.ts'
import { storedRules } from './stored-rules.ts'

const COLUMNS: readonly Column<Lease>[] = [
  nameColumn,
  {
    name: 'Holder',
    description: 'holderIdentity contains the identity of the holder of a current lease.',
    cell: ({ spec }) => spec?.holderIdentity ?? '',
  },
  ageColumn,
]

export const leaseKind: Kind<Lease> = {
  resource: LEASES,
  singular: 'lease',
  shortNames: [],
  subresources: [],
  canDeleteCollection: true,
  updateCreates: true,
  updateNeedsVersion: true,
  ...selectable(),
  rules: (existing) => storedRules({ typeName: 'V1Lease', check: checkLease }, existing),
  columns: () => Promise.resolve(COLUMNS),
}
