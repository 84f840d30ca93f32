import type {
  CoreV1Event,
  EventsV1Event,
  V1ClusterRole,
  V1ClusterRoleBinding,
  V1ConfigMap,
  V1Endpoints,
  V1EndpointSlice,
  V1Lease,
  V1LimitRange,
  V1LimitRangeItem,
  V1Namespace,
  V1Node,
  V1PodTemplate,
  V1PriorityClass,
  V1ResourceQuota,
  V1Role,
  V1RoleBinding,
  V1RuntimeClass,
  V1Secret,
  V1Service,
  V1ServiceAccount,
} from '@kubernetes/client-node'
import type { Json, Pod } from '../../kube/api/pod.ts'
import type { KubeObject, Resource } from './store.ts'

type Typed<T> = Omit<Json<T>, keyof KubeObject> & KubeObject

export type ClusterRole = Typed<V1ClusterRole>
export type ClusterRoleBinding = Typed<V1ClusterRoleBinding>
export type ConfigMap = Typed<V1ConfigMap>
export type Endpoints = Typed<V1Endpoints>
export type EndpointSlice = Typed<V1EndpointSlice>
/** A core/v1 Event. */
export type Event = Typed<CoreV1Event>
/** The same, as events.k8s.io/v1 shows it. */
export type NewEvent = Typed<EventsV1Event>
export type Lease = Typed<V1Lease>
export type LimitRange = Omit<Typed<V1LimitRange>, 'spec'> & {
  readonly spec?: { readonly limits: readonly LimitRangeItem[] }
}
/** The client's types call one field by another name than JSON. */
type LimitRangeItem = Omit<Json<V1LimitRangeItem>, '_default'> & {
  readonly default?: Readonly<Record<string, string>>
}
export type Namespace = Typed<V1Namespace>
export type Node = Typed<V1Node>
export type PodTemplate = Typed<V1PodTemplate>
export type PriorityClass = Typed<V1PriorityClass>
export type ResourceQuota = Typed<V1ResourceQuota>
export type Role = Typed<V1Role>
export type RoleBinding = Typed<V1RoleBinding>
export type RuntimeClass = Typed<V1RuntimeClass>
export type Secret = Typed<V1Secret>
export type Service = Typed<V1Service>
export type ServiceAccount = Typed<V1ServiceAccount>

export const PODS: Resource<Pod> = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true }

/** No objects of their own: they say which node a pod is to have. */
export const BINDINGS: Resource = { group: '', version: 'v1', plural: 'bindings', kind: 'Binding', namespaced: true }

export const EVENTS: Resource<Event> = { group: '', version: 'v1', plural: 'events', kind: 'Event', namespaced: true }

export const NAMESPACES: Resource<Namespace> = {
  group: '',
  version: 'v1',
  plural: 'namespaces',
  kind: 'Namespace',
  namespaced: false,
}

export const SERVICE_ACCOUNTS: Resource<ServiceAccount> = {
  group: '',
  version: 'v1',
  plural: 'serviceaccounts',
  kind: 'ServiceAccount',
  namespaced: true,
}

const RBAC = { group: 'rbac.authorization.k8s.io', version: 'v1' }

export const ROLES: Resource<Role> = { ...RBAC, plural: 'roles', kind: 'Role', namespaced: true }

export const ROLE_BINDINGS: Resource<RoleBinding> = {
  ...RBAC,
  plural: 'rolebindings',
  kind: 'RoleBinding',
  namespaced: true,
}

export const CLUSTER_ROLES: Resource<ClusterRole> = {
  ...RBAC,
  plural: 'clusterroles',
  kind: 'ClusterRole',
  namespaced: false,
}

export const CLUSTER_ROLE_BINDINGS: Resource<ClusterRoleBinding> = {
  ...RBAC,
  plural: 'clusterrolebindings',
  kind: 'ClusterRoleBinding',
  namespaced: false,
}

const CORE = { group: '', version: 'v1' }

export const CONFIG_MAPS: Resource<ConfigMap> = { ...CORE, plural: 'configmaps', kind: 'ConfigMap', namespaced: true }

export const ENDPOINTS: Resource<Endpoints> = { ...CORE, plural: 'endpoints', kind: 'Endpoints', namespaced: true }

export const LIMIT_RANGES: Resource<LimitRange> = {
  ...CORE,
  plural: 'limitranges',
  kind: 'LimitRange',
  namespaced: true,
}

export const NODES: Resource<Node> = { ...CORE, plural: 'nodes', kind: 'Node', namespaced: false }

export const POD_TEMPLATES: Resource<PodTemplate> = {
  ...CORE,
  plural: 'podtemplates',
  kind: 'PodTemplate',
  namespaced: true,
}

export const RESOURCE_QUOTAS: Resource<ResourceQuota> = {
  ...CORE,
  plural: 'resourcequotas',
  kind: 'ResourceQuota',
  namespaced: true,
}

export const SECRETS: Resource<Secret> = { ...CORE, plural: 'secrets', kind: 'Secret', namespaced: true }

export const SERVICES: Resource<Service> = { ...CORE, plural: 'services', kind: 'Service', namespaced: true }

/** No objects of their own: EVENTS in another form. */
export const NEW_EVENTS: Resource<NewEvent> = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
}

export const PRIORITY_CLASSES: Resource<PriorityClass> = {
  group: 'scheduling.k8s.io',
  version: 'v1',
  plural: 'priorityclasses',
  kind: 'PriorityClass',
  namespaced: false,
}

export const LEASES: Resource<Lease> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
}

export const RUNTIME_CLASSES: Resource<RuntimeClass> = {
  group: 'node.k8s.io',
  version: 'v1',
  plural: 'runtimeclasses',
  kind: 'RuntimeClass',
  namespaced: false,
}

export const ENDPOINT_SLICES: Resource<EndpointSlice> = {
  group: 'discovery.k8s.io',
  version: 'v1',
  plural: 'endpointslices',
  kind: 'EndpointSlice',
  namespaced: true,
}

const METRICS = { group: 'metrics.k8s.io', version: 'v1beta1' }

/** What a node uses, or a container of a pod, as quantities by `cpu` and `memory`. */
export type Usages = Readonly<Record<'cpu' | 'memory', string>>

interface MeasuredObject extends KubeObject {
  readonly timestamp: string
  /** A duration, such as `10.2s`. */
  readonly window: string
}

export interface NodeMetrics extends MeasuredObject {
  readonly usage: Usages
}

export interface PodMetrics extends MeasuredObject {
  readonly containers: readonly { readonly name: string; readonly usage: Usages }[]
}

/** No objects of their own: what NODES use. */
export const NODE_METRICS: Resource<NodeMetrics> = {
  ...METRICS,
  plural: 'nodes',
  kind: 'NodeMetrics',
  namespaced: false,
}

/** No objects of their own: what PODS use. */
export const POD_METRICS: Resource<PodMetrics> = { ...METRICS, plural: 'pods', kind: 'PodMetrics', namespaced: true }
