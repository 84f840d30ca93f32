import type {
  RbacV1Subject,
  V1ClusterRole,
  V1ClusterRoleBinding,
  V1Role,
  V1RoleBinding,
  V1RoleRef,
} from '@kubernetes/client-node'
import { compileLabelSelector, matchesLabels } from '../label-selector.ts'
import type { Json } from '../pod.ts'
import { accountUserName, type Identity } from './identity.ts'
import type { PolicyRule } from './policy-rule.ts'

/** The roles and bindings there are, read where they are kept. */
export interface Policy {
  clusterRoles(): Iterable<Json<V1ClusterRole>>
  clusterRole(name: string): Json<V1ClusterRole> | undefined
  clusterRoleBindings(): Iterable<Json<V1ClusterRoleBinding>>
  role(namespace: string, name: string): Json<V1Role> | undefined
  roleBindings(namespace: string): Iterable<Json<V1RoleBinding>>
}

export interface FoundRules {
  readonly rules: readonly PolicyRule[]
  /** Roles that bindings name and nobody made, in the words of the API server. */
  readonly missing: readonly string[]
}

/**
 * All rules that bindings give somebody in a namespace; '' for the whole cluster only.
 * Source: VisitRulesFor of pkg/registry/rbac/validation.
 */
export function findRules(policy: Policy, user: Identity, namespace: string): FoundRules {
  const rules: PolicyRule[] = []
  const missing: string[] = []
  const add = (found: readonly PolicyRule[] | undefined, ref: Json<V1RoleRef>): void => {
    if (found !== undefined) rules.push(...found)
    else missing.push(`${ref.kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(ref.name)} not found`)
  }
  for (const binding of policy.clusterRoleBindings()) {
    if (isBound(binding.subjects, user, '')) add(rulesOf(policy, binding.roleRef, ''), binding.roleRef)
  }
  if (namespace === '') return { rules, missing }
  for (const binding of policy.roleBindings(namespace)) {
    if (isBound(binding.subjects, user, namespace)) add(rulesOf(policy, binding.roleRef, namespace), binding.roleRef)
  }
  return { rules, missing }
}

/** The rules of the role that a binding names; undefined when there is none. */
export function rulesOf(policy: Policy, ref: Json<V1RoleRef>, namespace: string): readonly PolicyRule[] | undefined {
  if (ref.kind === 'Role') {
    const role = policy.role(namespace, ref.name)
    return role === undefined ? undefined : (role.rules ?? [])
  }
  const role = policy.clusterRole(ref.name)
  return role === undefined ? undefined : rulesOfClusterRole(policy, role)
}

/** A role that gathers others has what they have, and what those gather. */
function rulesOfClusterRole(
  policy: Pick<Policy, 'clusterRoles'>,
  role: Json<V1ClusterRole>,
  gathering: ReadonlySet<string> = new Set(),
): readonly PolicyRule[] {
  const selectors = role.aggregationRule?.clusterRoleSelectors
  if (selectors === undefined) return role.rules ?? []
  const compiled = selectors.map(compileLabelSelector)
  const through = new Set(gathering).add(role.metadata?.name ?? '')
  return [...policy.clusterRoles()]
    .filter(({ metadata }) => !through.has(metadata?.name ?? ''))
    .filter(({ metadata }) => compiled.some((selector) => matchesLabels(selector, metadata?.labels)))
    .flatMap((gathered) => rulesOfClusterRole(policy, gathered, through))
}

function isBound(
  subjects: readonly Json<RbacV1Subject>[] | undefined,
  user: Identity,
  bindingNamespace: string,
): boolean {
  return (subjects ?? []).some(({ kind, name, namespace = bindingNamespace }) => {
    switch (kind) {
      case 'User':
        return name === user.name
      case 'Group':
        return user.groups.includes(name)
      case 'ServiceAccount':
        return namespace !== '' && accountUserName({ namespace, name }) === user.name
      default:
        return false
    }
  })
}
