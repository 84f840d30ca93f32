import { fillBindingDefaults } from '../../../kube/api/binding-defaults.ts'
import { brokenByPathSegment } from '../../../kube/api/rules/names.ts'
import { checkBindingUpdate, checkClusterRoleBinding } from '../../../kube/api/rules/rbac.ts'
import { CLUSTER_ROLE_BINDINGS, type ClusterRoleBinding } from '../../store/resources.ts'
import { checkBindingGiving } from '../access/check-giving.ts'
import { bindingColumns } from './binding-columns.ts'
import type { Kind } from './kind.ts'
import { selectable } from './selectable.ts'
import { storedRules } from './stored-rules.ts'

export const clusterRoleBindingKind: Kind<ClusterRoleBinding> = {
  resource: CLUSTER_ROLE_BINDINGS,
  singular: 'clusterrolebinding',
  shortNames: [],
  subresources: [],
  canDeleteCollection: true,
  updateCreates: true,
  ...selectable(),
  checkWriter: (writer, object, current) => checkBindingGiving(writer, CLUSTER_ROLE_BINDINGS, { object, current }),
  rules: (existing) =>
    storedRules<ClusterRoleBinding>(
      {
        typeName: 'V1ClusterRoleBinding',
        nameRule: brokenByPathSegment,
        fill: fillBindingDefaults,
        check: checkClusterRoleBinding,
        checkUpdate: checkBindingUpdate,
      },
      existing,
    ),
  columns: () => Promise.resolve(bindingColumns('clusterRoleBinding')),
}
