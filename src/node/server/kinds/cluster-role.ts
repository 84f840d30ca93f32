import { brokenByPathSegment } from '../../../kube/api/rules/names.ts'
import { checkClusterRole } from '../../../kube/api/rules/rbac.ts'
import { CLUSTER_ROLES, type ClusterRole } from '../../store/resources.ts'
import { checkRoleGiving } from '../access/check-giving.ts'
import type { Kind } from './kind.ts'
import { selectable } from './selectable.ts'
import { storedRules } from './stored-rules.ts'

export const clusterRoleKind: Kind<ClusterRole> = {
  resource: CLUSTER_ROLES,
  singular: 'clusterrole',
  shortNames: [],
  subresources: [],
  canDeleteCollection: true,
  updateCreates: true,
  ...selectable(),
  checkWriter: (writer, object, current) => checkRoleGiving(writer, CLUSTER_ROLES, { object, current }),
  rules: (existing) =>
    storedRules({ typeName: 'V1ClusterRole', nameRule: brokenByPathSegment, check: checkClusterRole }, existing),
}
