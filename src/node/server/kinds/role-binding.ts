import { fillBindingDefaults } from '../../../kube/api/binding-defaults.ts'
import { brokenByPathSegment } from '../../../kube/api/rules/names.ts'
import { checkBindingUpdate, checkRoleBinding } from '../../../kube/api/rules/rbac.ts'
import { ROLE_BINDINGS, type RoleBinding } from '../../store/resources.ts'
import { checkBindingGiving } from '../access/check-giving.ts'
import { bindingColumns } from './binding-columns.ts'
import type { Kind } from './kind.ts'
import { selectable } from './selectable.ts'
import { storedRules } from './stored-rules.ts'

export const roleBindingKind: Kind<RoleBinding> = {
  resource: ROLE_BINDINGS,
  singular: 'rolebinding',
  shortNames: [],
  subresources: [],
  canDeleteCollection: true,
  updateCreates: true,
  ...selectable(),
  checkWriter: (writer, object, current) => checkBindingGiving(writer, ROLE_BINDINGS, { object, current }),
  rules: (existing) =>
    storedRules<RoleBinding>(
      {
        typeName: 'V1RoleBinding',
        nameRule: brokenByPathSegment,
        fill: fillBindingDefaults,
        check: checkRoleBinding,
        checkUpdate: checkBindingUpdate,
      },
      existing,
    ),
  columns: () => Promise.resolve(bindingColumns('roleBinding')),
}
