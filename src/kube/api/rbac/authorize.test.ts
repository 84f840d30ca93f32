import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { V1ClusterRole, V1ClusterRoleBinding, V1Role, V1RoleBinding } from '@kubernetes/client-node'
import type { Json } from '../pod.ts'
import { type AccessAttributes, refusedAccess } from './access-attributes.ts'
import { authorize } from './authorize.ts'
import { DEFAULT_CLUSTER_ROLE_BINDINGS, DEFAULT_CLUSTER_ROLES } from './default-policy.ts'
import type { Policy } from './find-rules.ts'
import {
  accountGroups,
  accountOfUser,
  accountUserName,
  ANONYMOUS,
  AUTHENTICATED,
  type Identity,
  ROOT,
} from './identity.ts'
import { type PolicyRule, uncoveredRules } from './policy-rule.ts'

interface Made {
  readonly clusterRoles?: readonly Json<V1ClusterRole>[]
  readonly clusterRoleBindings?: readonly Json<V1ClusterRoleBinding>[]
  readonly roles?: readonly Json<V1Role>[]
  readonly roleBindings?: readonly Json<V1RoleBinding>[]
}

function policyOf({ clusterRoles = [], clusterRoleBindings = [], roles = [], roleBindings = [] }: Made): Policy {
  const allRoles = [...DEFAULT_CLUSTER_ROLES, ...clusterRoles]
  return {
    clusterRoles: () => allRoles,
    clusterRole: (name) => allRoles.find(({ metadata }) => metadata?.name === name),
    clusterRoleBindings: () => [...DEFAULT_CLUSTER_ROLE_BINDINGS, ...clusterRoleBindings],
    role: (namespace, name) =>
      roles.find(({ metadata }) => metadata?.namespace === namespace && metadata.name === name),
    roleBindings: (namespace) => roleBindings.filter(({ metadata }) => metadata?.namespace === namespace),
  }
}

const JANE: Identity = { name: 'jane', groups: ['developers', AUTHENTICATED] }
const BOT: Identity = {
  name: accountUserName({ namespace: 'shop', name: 'bot' }),
  groups: accountGroups('shop'),
}

function on(what: string, verb: string, namespace = 'shop'): AccessAttributes {
  const [rest = '', name = ''] = what.split(' ')
  const [path = '', group = ''] = rest.split('@')
  const [resource = '', subresource = ''] = path.split('/')
  return { verb, group, resource, subresource, name, namespace }
}

function bound(role: string, subject: { kind: string; name: string; namespace?: string }, namespace = 'shop'): Made {
  return {
    roleBindings: [
      {
        metadata: { name: 'binding', namespace },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
        subjects: [subject],
      },
    ],
  }
}

const USER_JANE = { kind: 'User', name: 'jane' }
const GROUP_DEVELOPERS = { kind: 'Group', name: 'developers' }
const ACCOUNT_BOT = { kind: 'ServiceAccount', name: 'bot' }

describe('authorize', () => {
  const table: readonly [title: string, made: Made, user: Identity, wanted: AccessAttributes, allowed: boolean][] = [
    ['root may do everything', {}, ROOT, on('secrets x', 'delete'), true],
    ['nobody else may do anything without a binding', {}, JANE, on('pods', 'list'), false],
    ['anonymous reads health', {}, ANONYMOUS, { verb: 'get', path: '/healthz' }, true],
    ['anonymous reads no discovery', {}, ANONYMOUS, { verb: 'get', path: '/api' }, false],
    ['everybody known reads discovery', {}, JANE, { verb: 'get', path: '/apis/apps/v1' }, true],
    [
      'everybody known may ask what they may',
      {},
      JANE,
      on('selfsubjectaccessreviews@authorization.k8s.io', 'create', ''),
      true,
    ],
    ['view lists pods', bound('view', USER_JANE), JANE, on('pods', 'list'), true],
    ['view reads logs', bound('view', USER_JANE), JANE, on('pods/log web', 'get'), true],
    ['view reads no secrets', bound('view', USER_JANE), JANE, on('secrets', 'list'), false],
    ['view execs nothing', bound('view', USER_JANE), JANE, on('pods/exec web', 'create'), false],
    ['a binding counts in its own namespace only', bound('view', USER_JANE), JANE, on('pods', 'list', 'other'), false],
    [
      'a binding in a namespace says nothing of the cluster',
      bound('view', USER_JANE),
      JANE,
      on('pods', 'list', ''),
      false,
    ],
    ['edit writes pods', bound('edit', GROUP_DEVELOPERS), JANE, on('pods', 'create'), true],
    ['edit execs', bound('edit', GROUP_DEVELOPERS), JANE, on('pods/exec web', 'create'), true],
    [
      'edit writes no roles',
      bound('edit', GROUP_DEVELOPERS),
      JANE,
      on('roles@rbac.authorization.k8s.io', 'create'),
      false,
    ],
    [
      'admin writes roles',
      bound('admin', GROUP_DEVELOPERS),
      JANE,
      on('roles@rbac.authorization.k8s.io', 'create'),
      true,
    ],
    ['admin does what view may', bound('admin', GROUP_DEVELOPERS), JANE, on('configmaps', 'watch'), true],
    ["an account of the binding's namespace", bound('view', ACCOUNT_BOT), BOT, on('pods', 'get'), true],
    [
      'an account of that name elsewhere',
      bound('view', { ...ACCOUNT_BOT, namespace: 'other' }),
      BOT,
      on('pods', 'get'),
      false,
    ],
    ['cluster-admin in a namespace', bound('cluster-admin', USER_JANE), JANE, on('anything/at@all x', 'break'), true],
  ]
  for (const [title, made, user, wanted, allowed] of table) {
    it(title, () => assert.equal(authorize(policyOf(made), user, wanted).allowed, allowed))
  }

  const rule = (change: Partial<PolicyRule>): Made => ({
    roles: [
      {
        metadata: { namespace: 'shop', name: 'own' },
        rules: [{ verbs: ['get'], apiGroups: [''], resources: ['configmaps'], ...change }],
      },
    ],
    roleBindings: [
      {
        metadata: { name: 'binding', namespace: 'shop' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'own' },
        subjects: [USER_JANE],
      },
    ],
  })
  const rules: readonly [title: string, change: Partial<PolicyRule>, wanted: AccessAttributes, allowed: boolean][] = [
    ['names: the one', { resourceNames: ['one'] }, on('configmaps one', 'get'), true],
    ['names: another', { resourceNames: ['one'] }, on('configmaps two', 'get'), false],
    ['names: the collection', { resourceNames: ['one'], verbs: ['list'] }, on('configmaps', 'list'), false],
    ['a resource is not its subresource', {}, on('configmaps/status one', 'get'), false],
    ['*/status', { resources: ['*/status'] }, on('configmaps/status one', 'get'), true],
    ['*/status is not the object', { resources: ['*/status'] }, on('configmaps one', 'get'), false],
    ['all groups', { apiGroups: ['*'], resources: ['jobs'] }, on('jobs@batch one', 'get'), true],
    ['another group', { resources: ['jobs'] }, on('jobs@batch one', 'get'), false],
  ]
  for (const [title, change, wanted, allowed] of rules) {
    it(title, () => assert.equal(authorize(policyOf(rule(change)), JANE, wanted).allowed, allowed))
  }

  it('a role that others add to', () => {
    const added: Made = {
      ...bound('admin', USER_JANE),
      clusterRoles: [
        {
          metadata: { name: 'adds', labels: { 'rbac.authorization.k8s.io/aggregate-to-edit': 'true' } },
          rules: [{ verbs: ['get'], apiGroups: ['example.com'], resources: ['things'] }],
        },
      ],
    }
    assert.equal(authorize(policyOf(added), JANE, on('things@example.com a', 'get')).allowed, true)
  })

  it('a role that nobody made is named', () => {
    const { allowed, reason } = authorize(policyOf(bound('gone', USER_JANE)), JANE, on('pods', 'list'))
    assert.equal(allowed, false)
    assert.equal(reason, 'RBAC: [clusterrole.rbac.authorization.k8s.io "gone" not found]')
  })
})

describe('refusedAccess', () => {
  const table: readonly [wanted: AccessAttributes, says: string][] = [
    [on('pods', 'list'), 'User "jane" cannot list resource "pods" in API group "" in the namespace "shop"'],
    [on('nodes', 'list', ''), 'User "jane" cannot list resource "nodes" in API group "" at the cluster scope'],
    [
      on('pods/exec web', 'create'),
      'User "jane" cannot create resource "pods/exec" in API group "" in the namespace "shop"',
    ],
    [{ verb: 'get', path: '/metrics' }, 'User "jane" cannot get path "/metrics"'],
  ]
  for (const [wanted, says] of table) it(says, () => assert.equal(refusedAccess('jane', wanted), says))
})

describe('uncoveredRules', () => {
  const held: readonly PolicyRule[] = [
    { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods', '*/status'] },
    { verbs: ['*'], apiGroups: ['batch'], resources: ['*'] },
    { verbs: ['get'], apiGroups: [''], resources: ['secrets'], resourceNames: ['mine'] },
    { verbs: ['get'], nonResourceURLs: ['/logs/*'] },
  ]
  const table: readonly [title: string, wanted: PolicyRule, uncovered: number][] = [
    ['the same', { verbs: ['get'], apiGroups: [''], resources: ['pods'] }, 0],
    ['a verb more', { verbs: ['get', 'delete'], apiGroups: [''], resources: ['pods'] }, 1],
    ['a status', { verbs: ['get'], apiGroups: [''], resources: ['nodes/status'] }, 0],
    ['everything', { verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, 1],
    ['all of a group', { verbs: ['*'], apiGroups: ['batch'], resources: ['jobs', 'jobs/status'] }, 0],
    ['one name', { verbs: ['get'], apiGroups: [''], resources: ['secrets'], resourceNames: ['mine'] }, 0],
    ['all names', { verbs: ['get'], apiGroups: [''], resources: ['secrets'] }, 1],
    ['a path', { verbs: ['get'], nonResourceURLs: ['/logs/a'] }, 0],
    ['another path', { verbs: ['get'], nonResourceURLs: ['/metrics'] }, 1],
  ]
  for (const [title, wanted, uncovered] of table) {
    it(title, () => assert.equal(uncoveredRules(held, [wanted]).length, uncovered))
  }
})

describe('accountOfUser', () => {
  it('reads what accountUserName writes', () => {
    assert.deepEqual(accountOfUser('system:serviceaccount:shop:bot'), { namespace: 'shop', name: 'bot' })
    assert.equal(accountOfUser('system:serviceaccount:shop'), undefined)
    assert.equal(accountOfUser('jane'), undefined)
  })
})
