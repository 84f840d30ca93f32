import type { V1RoleRef } from '@kubernetes/client-node'
import { Failure } from '../../../failure.ts'
import { isSameJson } from '../../../kube/api/patch/json-value.ts'
import type { Json } from '../../../kube/api/pod.ts'
import { findRules, rulesOf } from '../../../kube/api/rbac/find-rules.ts'
import { MASTERS } from '../../../kube/api/rbac/identity.ts'
import { type PolicyRule, uncoveredRules } from '../../../kube/api/rbac/policy-rule.ts'
import type { KubeObject, Resource } from '../../store/store.ts'
import type { ObjectWriter } from '../kinds/kind.ts'
import { without } from '../kinds/prepare-object.ts'
import { mayAccess } from './access.ts'
import { storePolicy } from './store-policy.ts'

interface Written<T extends KubeObject> {
  readonly object: T
  /** What it replaces. */
  readonly current: T | undefined
}

type Role = KubeObject & { readonly rules?: readonly PolicyRule[]; readonly aggregationRule?: unknown }
type Binding = KubeObject & { readonly roleRef: Json<V1RoleRef> }

const GROUP = 'rbac.authorization.k8s.io'
const EVERYTHING: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
]

/**
 * Nobody makes a role with rights that they don't have, unless they may `escalate` it.
 * Source: pkg/registry/rbac/role/policybased.
 *
 * @throws Failure Forbidden
 */
export function checkRoleGiving(
  giver: ObjectWriter,
  resource: Resource,
  { object: role, current }: Written<Role>,
): void {
  if (isMaster(giver) || mayDo(giver, 'escalate', { resource, object: role })) return
  if (isOnlyLetGo(role, current)) return
  // What others will add to it is not known yet: only who has everything can vouch for it.
  const gathers = [role, current].some((each) => each?.aggregationRule !== undefined)
  checkHeld(giver, { resource, object: role, given: gathers ? EVERYTHING : (role.rules ?? []) })
}

/**
 * Nobody binds a role with rights that they don't have, unless they may `bind` it.
 *
 * @throws Failure Forbidden, NotFound for a role that is not there
 */
export function checkBindingGiving(
  giver: ObjectWriter,
  resource: Resource,
  { object: binding, current }: Written<Binding>,
): void {
  if (isMaster(giver) || isOnlyLetGo(binding, current)) return
  const { kind, name } = binding.roleRef
  const roles: Resource = {
    ...{ group: GROUP, version: 'v1', kind, plural: `${kind.toLowerCase()}s` },
    namespaced: kind === 'Role',
  }
  const role: KubeObject = { apiVersion: `${GROUP}/v1`, kind, metadata: { ...binding.metadata, name } }
  if (mayDo(giver, 'bind', { resource: roles, object: role })) return
  const given = rulesOf(storePolicy(giver.store), binding.roleRef, binding.metadata.namespace ?? '')
  if (given === undefined) {
    throw new Failure('NotFound', `${roles.plural}.${GROUP} ${JSON.stringify(name)} not found`, {
      details: { name, group: GROUP, kind: roles.plural },
    })
  }
  checkHeld(giver, { resource, object: binding, given })
}

interface Subject {
  readonly resource: Resource
  readonly object: KubeObject
}

/** Who lets an object go for the garbage collector need not have the rights in it. Source: IsOnlyMutatingGCFields. */
function isOnlyLetGo(object: KubeObject, current: KubeObject | undefined): boolean {
  if (current === undefined) return false
  const [one, other] = [object, current].map((each) => ({
    ...each,
    metadata: without(without(each.metadata, 'ownerReferences'), 'finalizers'),
  }))
  return isSameJson(one, other)
}

function isMaster({ user }: ObjectWriter): boolean {
  return user.groups.includes(MASTERS)
}

function mayDo({ store, user }: ObjectWriter, verb: string, { resource, object }: Subject): boolean {
  const { name = '', namespace = '' } = object.metadata
  const where = resource.namespaced ? namespace : ''
  const wanted = { verb, group: GROUP, resource: resource.plural, subresource: '', name, namespace: where }
  return mayAccess(store, user, wanted).allowed
}

function checkHeld(
  { store, user }: ObjectWriter,
  { resource, object, given }: Subject & { readonly given: readonly PolicyRule[] },
): void {
  const { name = '', namespace = '' } = object.metadata
  const held = findRules(storePolicy(store), user, resource.namespaced ? namespace : '').rules
  const missing = uncoveredRules(held, given)
  if (missing.length === 0) return
  const who = `user ${JSON.stringify(user.name)} (groups=${quoted(user.groups)})`
  const shown = mergeVerbs(missing).map(ruleText).sort()
  throw new Failure(
    'Forbidden',
    `${resource.plural}.${GROUP} ${JSON.stringify(name)} is forbidden: ${who} is attempting to grant RBAC permissions ` +
      `not currently held:\n${shown.join('\n')}`,
    { details: { name, group: GROUP, kind: resource.plural } },
  )
}

/** One rule for what is missing of one resource. Source: CompactRules. */
function mergeVerbs(rules: readonly PolicyRule[]): readonly PolicyRule[] {
  const merged = new Map<string, PolicyRule>()
  for (const rule of rules) {
    const { verbs, ...about } = rule
    const key = JSON.stringify(rule.nonResourceURLs === undefined ? about : rule)
    merged.set(key, { ...rule, verbs: [...new Set([...(merged.get(key)?.verbs ?? []), ...verbs])] })
  }
  return [...merged.values()]
}

/** As Kubernetes writes a rule into a sentence. */
function ruleText({ apiGroups, resources, resourceNames, nonResourceURLs, verbs }: PolicyRule): string {
  const parts = Object.entries({
    APIGroups: apiGroups,
    Resources: resources,
    NonResourceURLs: nonResourceURLs,
    ResourceNames: resourceNames,
    Verbs: verbs,
  })
  const shown = parts.flatMap(([title, list]) => (list === undefined ? [] : [`${title}:${quoted(list)}`]))
  return `{${shown.join(', ')}}`
}

function quoted(list: readonly string[]): string {
  return `[${list.map((each) => JSON.stringify(each)).join(' ')}]`
}
