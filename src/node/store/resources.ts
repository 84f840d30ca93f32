import type {
  CoreV1Event,
  V1ClusterRole,
  V1ClusterRoleBinding,
  V1Namespace,
  V1Role,
  V1RoleBinding,
  V1ServiceAccount,
} from '@kubernetes/client-node'
import type { Json, Pod } from '../../kube/api/pod.ts'
import type { KubeObject, Resource } from './store.ts'

type Typed<T> = Omit<Json<T>, keyof KubeObject> & KubeObject

/** A core/v1 Event. */
export type Event = Typed<CoreV1Event>
export type Namespace = Typed<V1Namespace>

export const PODS: Resource<Pod> = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true }

export const EVENTS: Resource<Event> = { group: '', version: 'v1', plural: 'events', kind: 'Event', namespaced: true }

export const NAMESPACES: Resource<Namespace> = {
  group: '',
  version: 'v1',
  plural: 'namespaces',
  kind: 'Namespace',
  namespaced: false,
}

export const SERVICE_ACCOUNTS: Resource<Typed<V1ServiceAccount>> = {
  group: '',
  version: 'v1',
  plural: 'serviceaccounts',
  kind: 'ServiceAccount',
  namespaced: true,
}

const RBAC = { group: 'rbac.authorization.k8s.io', version: 'v1' }

export const ROLES: Resource<Typed<V1Role>> = { ...RBAC, plural: 'roles', kind: 'Role', namespaced: true }

export const ROLE_BINDINGS: Resource<Typed<V1RoleBinding>> = {
  ...RBAC,
  plural: 'rolebindings',
  kind: 'RoleBinding',
  namespaced: true,
}

export const CLUSTER_ROLES: Resource<Typed<V1ClusterRole>> = {
  ...RBAC,
  plural: 'clusterroles',
  kind: 'ClusterRole',
  namespaced: false,
}

export const CLUSTER_ROLE_BINDINGS: Resource<Typed<V1ClusterRoleBinding>> = {
  ...RBAC,
  plural: 'clusterrolebindings',
  kind: 'ClusterRoleBinding',
  namespaced: false,
}
