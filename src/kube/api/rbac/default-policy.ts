import type { V1ClusterRole, V1ClusterRoleBinding } from '@kubernetes/client-node'
import type { Json } from '../pod.ts'
import { AUTHENTICATED, MASTERS } from './identity.ts'
import type { PolicyRule } from './policy-rule.ts'

type ClusterRole = Json<V1ClusterRole>
type ClusterRoleBinding = Json<V1ClusterRoleBinding>

/** Marks what comes with the server: it is put back when it is missing at the next start. */
const BOOTSTRAPPING = { 'kubernetes.io/bootstrapping': 'rbac-defaults' }
const AUTOUPDATE = { 'rbac.authorization.kubernetes.io/autoupdate': 'true' }

const READ = ['get', 'list', 'watch']
const WRITE = ['create', 'delete', 'deletecollection', 'patch', 'update']

function on(group: string, verbs: readonly string[], resources: readonly string[]): PolicyRule {
  return { apiGroups: [group], resources, verbs }
}

function readPaths(...nonResourceURLs: string[]): PolicyRule {
  return { nonResourceURLs, verbs: ['get'] }
}

const WORKLOADS = [
  'daemonsets',
  'deployments',
  'deployments/scale',
  'replicasets',
  'replicasets/scale',
  'statefulsets',
  'statefulsets/scale',
]
const JOBS = ['cronjobs', 'jobs']

/** Reading, but neither secrets, which would give more rights, nor roles. */
const VIEW: readonly PolicyRule[] = [
  on('', READ, [
    'configmaps',
    'endpoints',
    'persistentvolumeclaims',
    'persistentvolumeclaims/status',
    'pods',
    'replicationcontrollers',
    'replicationcontrollers/scale',
    'serviceaccounts',
    'services',
    'services/status',
  ]),
  on('', READ, [
    'bindings',
    'events',
    'limitranges',
    'namespaces/status',
    'pods/log',
    'pods/status',
    'replicationcontrollers/status',
    'resourcequotas',
    'resourcequotas/status',
  ]),
  on('', READ, ['namespaces']),
  on('discovery.k8s.io', READ, ['endpointslices']),
  on('apps', READ, [
    'controllerrevisions',
    ...WORKLOADS,
    ...WORKLOADS.filter((name) => !name.includes('/')).map((name) => `${name}/status`),
  ]),
  on('autoscaling', READ, ['horizontalpodautoscalers', 'horizontalpodautoscalers/status']),
  on('batch', READ, [...JOBS, ...JOBS.map((name) => `${name}/status`)]),
  on('policy', READ, ['poddisruptionbudgets', 'poddisruptionbudgets/status']),
  on('networking.k8s.io', READ, ['ingresses', 'ingresses/status', 'networkpolicies']),
]

const EDIT: readonly PolicyRule[] = [
  on('', READ, ['pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy', 'secrets', 'services/proxy']),
  on('', ['impersonate'], ['serviceaccounts']),
  on('', WRITE, ['pods', 'pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy']),
  on('', ['create'], ['pods/eviction']),
  on('', WRITE, [
    'configmaps',
    'events',
    'persistentvolumeclaims',
    'replicationcontrollers',
    'replicationcontrollers/scale',
    'secrets',
    'serviceaccounts',
    'services',
    'services/proxy',
  ]),
  on('', ['create'], ['serviceaccounts/token']),
  on('apps', WRITE, WORKLOADS),
  on('autoscaling', WRITE, ['horizontalpodautoscalers']),
  on('batch', WRITE, JOBS),
  on('policy', WRITE, ['poddisruptionbudgets']),
  on('networking.k8s.io', WRITE, ['ingresses', 'networkpolicies']),
  on('coordination.k8s.io', [...WRITE, ...READ], ['leases']),
]

const ADMIN: readonly PolicyRule[] = [
  on('authorization.k8s.io', ['create'], ['localsubjectaccessreviews']),
  on('rbac.authorization.k8s.io', [...WRITE, ...READ], ['rolebindings', 'roles']),
]

const HEALTH = ['/healthz', '/livez', '/readyz', '/version', '/version/']

function clusterRole(
  name: string,
  rules: readonly PolicyRule[],
  labels: Readonly<Record<string, string>> = {},
): ClusterRole {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name, labels: { ...BOOTSTRAPPING, ...labels }, annotations: AUTOUPDATE },
    rules: rules,
  }
}

/** A role that gathers all that are labelled for it, those of others among them. */
function gathering(name: string, rules: readonly PolicyRule[], gatheredBy?: string): ClusterRole {
  const role = clusterRole(name, rules, gatheredBy === undefined ? {} : { [aggregationLabel(gatheredBy)]: 'true' })
  return { ...role, aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [aggregationLabel(name)]: 'true' } }] } }
}

function aggregationLabel(name: string): string {
  return `rbac.authorization.k8s.io/aggregate-to-${name}`
}

function part(name: string, rules: readonly PolicyRule[]): ClusterRole {
  return clusterRole(`system:aggregate-to-${name}`, rules, { [aggregationLabel(name)]: 'true' })
}

/** The roles of every cluster that mean something here. Source: plugin/pkg/auth/authorizer/rbac/bootstrappolicy. */
export const DEFAULT_CLUSTER_ROLES: readonly ClusterRole[] = [
  clusterRole('cluster-admin', [on('*', ['*'], ['*']), { nonResourceURLs: ['*'], verbs: ['*'] }]),
  gathering('admin', [...ADMIN, ...EDIT, ...VIEW]),
  gathering('edit', [...EDIT, ...VIEW], 'admin'),
  gathering('view', VIEW, 'edit'),
  part('admin', ADMIN),
  part('edit', EDIT),
  part('view', VIEW),
  clusterRole('system:aggregated-metrics-reader', [on('metrics.k8s.io', READ, ['nodes', 'pods'])], {
    [aggregationLabel('admin')]: 'true',
    [aggregationLabel('edit')]: 'true',
    [aggregationLabel('view')]: 'true',
  }),
  clusterRole('system:discovery', [
    readPaths('/api', '/api/*', '/apis', '/apis/*', ...HEALTH, '/openapi', '/openapi/*'),
  ]),
  clusterRole('system:public-info-viewer', [readPaths(...HEALTH)]),
  clusterRole('system:basic-user', [
    on('authorization.k8s.io', ['create'], ['selfsubjectaccessreviews', 'selfsubjectrulesreviews']),
    on('authentication.k8s.io', ['create'], ['selfsubjectreviews']),
  ]),
  clusterRole('system:service-account-issuer-discovery', [
    readPaths(
      '/.well-known/openid-configuration',
      '/.well-known/openid-configuration/',
      '/openid/v1/jwks',
      '/openid/v1/jwks/',
    ),
  ]),
  clusterRole('system:auth-delegator', [
    on('authentication.k8s.io', ['create'], ['tokenreviews']),
    on('authorization.k8s.io', ['create'], ['subjectaccessreviews']),
  ]),
  clusterRole('system:monitoring', [
    readPaths('/healthz', '/healthz/*', '/livez', '/livez/*', '/metrics', '/readyz', '/readyz/*'),
  ]),
]

function boundTo(role: string, ...groups: string[]): ClusterRoleBinding {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: role, labels: BOOTSTRAPPING, annotations: AUTOUPDATE },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: groups.map((name) => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name })),
  }
}

export const DEFAULT_CLUSTER_ROLE_BINDINGS: readonly ClusterRoleBinding[] = [
  boundTo('cluster-admin', MASTERS),
  boundTo('system:basic-user', AUTHENTICATED),
  boundTo('system:discovery', AUTHENTICATED),
  boundTo('system:public-info-viewer', AUTHENTICATED, 'system:unauthenticated'),
  boundTo('system:service-account-issuer-discovery', 'system:serviceaccounts'),
  boundTo('system:monitoring', 'system:monitoring'),
]
