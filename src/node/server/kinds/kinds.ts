import {
  BINDINGS,
  CLUSTER_ROLE_BINDINGS,
  CLUSTER_ROLES,
  CONFIG_MAPS,
  ENDPOINT_SLICES,
  ENDPOINTS,
  EVENTS,
  LEASES,
  LIMIT_RANGES,
  NAMESPACES,
  NEW_EVENTS,
  NODE_METRICS,
  NODES,
  POD_METRICS,
  POD_TEMPLATES,
  PODS,
  PRIORITY_CLASSES,
  RESOURCE_QUOTAS,
  ROLE_BINDINGS,
  ROLES,
  RUNTIME_CLASSES,
  SECRETS,
  SERVICE_ACCOUNTS,
  SERVICES,
} from '../../store/resources.ts'
import type { Resource } from '../../store/store.ts'
import type { Kind } from './kind.ts'
import { WORKLOADS_TO_COME, workloadToCome } from './workloads-to-come.ts'

interface Registered {
  readonly resource: Resource
  /** Declarations are loaded when the first request is about their kind: most are needed by few. */
  readonly load: () => Promise<Kind>
}

/** Every kind of objects that the server has, in the order in which discovery names groups. */
const REGISTERED: readonly Registered[] = [
  { resource: CONFIG_MAPS, load: async () => (await import('./config-map.ts')).configMapKind },
  { resource: ENDPOINTS, load: async () => (await import('./endpoints.ts')).endpointsKind },
  { resource: EVENTS, load: async () => (await import('./event.ts')).eventKind },
  { resource: LIMIT_RANGES, load: async () => (await import('./limit-range.ts')).limitRangeKind },
  { resource: NAMESPACES, load: async () => (await import('./namespace.ts')).namespaceKind },
  { resource: NODES, load: async () => (await import('./node.ts')).nodeKind },
  { resource: PODS, load: async () => (await import('./pod.ts')).podKind },
  { resource: POD_TEMPLATES, load: async () => (await import('./pod-template.ts')).podTemplateKind },
  { resource: RESOURCE_QUOTAS, load: async () => (await import('./resource-quota.ts')).resourceQuotaKind },
  { resource: SECRETS, load: async () => (await import('./secret.ts')).secretKind },
  { resource: SERVICE_ACCOUNTS, load: async () => (await import('./service-account.ts')).serviceAccountKind },
  { resource: SERVICES, load: async () => (await import('./service.ts')).serviceKind },
  {
    resource: CLUSTER_ROLE_BINDINGS,
    load: async () => (await import('./cluster-role-binding.ts')).clusterRoleBindingKind,
  },
  { resource: CLUSTER_ROLES, load: async () => (await import('./cluster-role.ts')).clusterRoleKind },
  { resource: ROLE_BINDINGS, load: async () => (await import('./role-binding.ts')).roleBindingKind },
  { resource: ROLES, load: async () => (await import('./role.ts')).roleKind },
  { resource: PRIORITY_CLASSES, load: async () => (await import('./priority-class.ts')).priorityClassKind },
  { resource: LEASES, load: async () => (await import('./lease.ts')).leaseKind },
  { resource: RUNTIME_CLASSES, load: async () => (await import('./runtime-class.ts')).runtimeClassKind },
  { resource: ENDPOINT_SLICES, load: async () => (await import('./endpoint-slice.ts')).endpointSliceKind },
]

/** Kinds that show objects of others in another form. */
const VIEWS: readonly Registered[] = [
  { resource: NEW_EVENTS, load: async () => (await import('./new-event.ts')).newEventKind },
]

/** Kinds of which nothing is stored: creating one does something. */
const ORDERS: readonly Registered[] = [
  { resource: BINDINGS, load: async () => (await import('./binding.ts')).bindingKind },
]

/** Kinds of which nothing is stored: creating one asks something. */
const QUESTIONS: readonly Registered[] = (
  [
    ['authentication.k8s.io', 'SelfSubjectReview', async () => (await import('./reviews.ts')).selfSubjectReviewKind],
    ['authentication.k8s.io', 'TokenReview', async () => (await import('./reviews.ts')).tokenReviewKind],
    [
      'authorization.k8s.io',
      'LocalSubjectAccessReview',
      async () => (await import('./reviews.ts')).localSubjectAccessReviewKind,
    ],
    [
      'authorization.k8s.io',
      'SelfSubjectAccessReview',
      async () => (await import('./reviews.ts')).selfSubjectAccessReviewKind,
    ],
    [
      'authorization.k8s.io',
      'SelfSubjectRulesReview',
      async () => (await import('./reviews.ts')).selfSubjectRulesReviewKind,
    ],
    ['authorization.k8s.io', 'SubjectAccessReview', async () => (await import('./reviews.ts')).subjectAccessReviewKind],
  ] as const
).map(([group, kind, load]) => ({
  resource: { group, version: 'v1', plural: `${kind.toLowerCase()}s`, kind, namespaced: kind.startsWith('Local') },
  load,
}))

/** Kinds whose objects are made when they are asked for. */
const MEASURED: readonly Registered[] = [
  { resource: NODE_METRICS, load: async () => (await import('./node-metrics.ts')).nodeMetricsKind },
  { resource: POD_METRICS, load: async () => (await import('./pod-metrics.ts')).podMetricsKind },
]

const ALL: readonly Registered[] = [...REGISTERED, ...VIEWS, ...ORDERS, ...QUESTIONS, ...MEASURED]

/** Known by their URLs alone. */
const UNTOLD: readonly Registered[] = WORKLOADS_TO_COME.map((resource) => ({
  resource,
  load: () => Promise.resolve(workloadToCome(resource)),
}))

const registeredByPath = new Map(
  [...ALL, ...UNTOLD].map((each) => [pathOf(each.resource.group, each.resource.version, each.resource.plural), each]),
)
const loaded = new Map<Registered, Kind>()

/** The resources that the store holds objects of. */
export const STORED_RESOURCES: readonly Resource[] = REGISTERED.map(({ resource }) => resource)

/** The kind that a URL names, if there is one. */
export async function findKind(group: string, version: string, plural: string): Promise<Kind | undefined> {
  const registered = registeredByPath.get(pathOf(group, version, plural))
  return registered === undefined ? undefined : loadOnce(registered)
}

/** All of them, for what tells about the API as a whole. */
export function allKinds(): Promise<readonly Kind[]> {
  return Promise.all(ALL.map(loadOnce))
}

async function loadOnce(registered: Registered): Promise<Kind> {
  const known = loaded.get(registered)
  if (known !== undefined) return known
  const kind = await registered.load()
  loaded.set(registered, kind)
  return kind
}

function pathOf(group: string, version: string, plural: string): string {
  return `${group}/${version}/${plural}`
}
