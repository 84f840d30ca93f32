import { brokenByPathSegment } from '../../../kube/api/rules/names.ts'
import { checkRole } from '../../../kube/api/rules/rbac.ts'
import { type Role, ROLES } from '../../store/resources.ts'
import { checkRoleGiving } from '../access/check-giving.ts'
import type { Kind } from './kind.ts'
import { selectable } from './selectable.ts'
import { storedRules } from './stored-rules.ts'

export const roleKind: Kind<Role> = {
  resource: ROLES,
  singular: 'role',
  shortNames: [],
  subresources: [],
  canDeleteCollection: true,
  updateCreates: true,
  ...selectable(),
  checkWriter: (writer, object, current) => checkRoleGiving(writer, ROLES, { object, current }),
  rules: (existing) => storedRules({ typeName: 'V1Role', nameRule: brokenByPathSegment, check: checkRole }, existing),
}
