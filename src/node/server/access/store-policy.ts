import type { Policy } from '../../../kube/api/rbac/find-rules.ts'
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES } from '../../store/resources.ts'
import type { Store } from '../../store/store.ts'

/** The roles and bindings of the store, as they are when they are asked for. */
export function storePolicy(store: Store): Policy {
  return {
    clusterRoles: () => store.list(CLUSTER_ROLES).items,
    clusterRole: (name) => store.get(CLUSTER_ROLES, { name }),
    clusterRoleBindings: () => store.list(CLUSTER_ROLE_BINDINGS).items,
    role: (namespace, name) => store.get(ROLES, { namespace, name }),
    roleBindings: (namespace) => store.list(ROLE_BINDINGS, { namespace }).items,
  }
}
