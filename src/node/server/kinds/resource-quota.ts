import { checkResourceQuota, checkResourceQuotaUpdate } from '../../../kube/api/rules/resource-quota.ts'
import { RESOURCE_QUOTAS, type ResourceQuota } from '../../store/resources.ts'
import { ageColumn, nameColumn } from '../tables/common-columns.ts'
import type { Column, Kind } from './kind.ts'
import { selectable } from './selectable.ts'
import { storedRules } from './stored-rules.ts'

const COLUMNS: readonly Column<ResourceQuota>[] = [
  nameColumn,
  {
    name: 'Request',
    description: 'Request represents a minimum amount of cpu/memory that a container may consume.',
    cell: (quota) => usage(quota, (name) => !name.startsWith('limits.')),
  },
  {
    name: 'Limit',
    description:
      'Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.',
    cell: (quota) => usage(quota, (name) => name.startsWith('limits.')),
  },
  ageColumn,
]

function usage({ status: { hard = {}, used = {} } = {} }: ResourceQuota, isShown: (name: string) => boolean): string {
  return Object.keys(hard)
    .filter(isShown)
    .toSorted()
    .map((name) => `${name}: ${used[name] ?? '0'}/${hard[name] ?? '0'}`)
    .join(', ')
}

export const resourceQuotaKind: Kind<ResourceQuota> = {
  resource: RESOURCE_QUOTAS,
  singular: 'resourcequota',
  shortNames: ['quota'],
  subresources: ['status'],
  canDeleteCollection: true,
  ...selectable(),
  rules: (existing) =>
    storedRules<ResourceQuota>(
      {
        typeName: 'V1ResourceQuota',
        check: checkResourceQuota,
        checkUpdate: checkResourceQuotaUpdate,
        firstStatus: {},
      },
      existing,
    ),
  columns: () => Promise.resolve(COLUMNS),
}
