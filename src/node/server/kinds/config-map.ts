import { checkConfigMap, checkConfigMapUpdate } from '../../../kube/api/rules/config-map.ts'
import { CONFIG_MAPS, type ConfigMap } from '../../store/resources.ts'
import { ageColumn, nameColumn } from '../tables/common-columns.ts'
import type { Column, Kind } from './kind.ts'
import { selectable } from './selectable.ts'
import { storedRules } from './stored-rules.ts'

const COLUMNS: readonly Column<ConfigMap>[] = [
  nameColumn,
  {
    name: 'Data',
    description: 'Data contains the configuration data.',
    cell: ({ data = {}, binaryData = {} }) => Object.keys(data).length + Object.keys(binaryData).length,
  },
  ageColumn,
]

export const configMapKind: Kind<ConfigMap> = {
  resource: CONFIG_MAPS,
  singular: 'configmap',
  shortNames: ['cm'],
  subresources: [],
  canDeleteCollection: true,
  ...selectable(),
  rules: (existing) =>
    storedRules({ typeName: 'V1ConfigMap', check: checkConfigMap, checkUpdate: checkConfigMapUpdate }, existing),
  columns: () => Promise.resolve(COLUMNS),
}
