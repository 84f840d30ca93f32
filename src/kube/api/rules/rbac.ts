import { isDeepStrictEqual } from 'node:util'
import type {
  RbacV1Subject,
  V1ClusterRole,
  V1ClusterRoleBinding,
  V1PolicyRule,
  V1Role,
  V1RoleBinding,
} from '@kubernetes/client-node'
import type { Draft, Finding } from './finding.ts'
import { invalid, invalidFor, isEmpty, notSupported, required } from './finding.ts'
import { brokenByPathSegment, brokenBySubdomain } from './names.ts'

// Source: pkg/apis/rbac/validation.

const GROUP = 'rbac.authorization.k8s.io'

export function checkRole({ rules = [] }: Draft<V1Role>): Finding[] {
  return rules.flatMap((rule, index) => {
    const urls = rule.nonResourceURLs ?? []
    return [
      ...checkRule(rule, `rules[${index}]`),
      ...(urls.length > 0
        ? [invalid(`rules[${index}].nonResourceURLs`, urls, 'namespaced rules cannot apply to non-resource URLs')]
        : []),
    ]
  })
}

export function checkClusterRole({ rules = [] }: Draft<V1ClusterRole>): Finding[] {
  return rules.flatMap((rule, index) => checkRule(rule, `rules[${index}]`))
}

export function checkRoleBinding(binding: Draft<V1RoleBinding>): Finding[] {
  return [
    ...checkRoleRef(binding.roleRef ?? {}, ['Role', 'ClusterRole']),
    ...(binding.subjects ?? []).flatMap((subject, index) => checkSubject(subject, `subjects[${index}]`)),
  ]
}

export function checkClusterRoleBinding(binding: Draft<V1ClusterRoleBinding>): Finding[] {
  return [
    ...checkRoleRef(binding.roleRef ?? {}, ['ClusterRole']),
    ...(binding.subjects ?? []).flatMap((subject, index) => [
      ...checkSubject(subject, `subjects[${index}]`),
      // A binding in a namespace means the accounts of that namespace.
      ...(subject.kind === 'ServiceAccount' && isEmpty(subject.namespace)
        ? [required(`subjects[${index}].namespace`)]
        : []),
    ]),
  ]
}

/** What a binding binds to decides who may write it: it is made anew instead of changed. */
export function checkBindingUpdate(next: Draft<V1RoleBinding>, current: Draft<V1RoleBinding>): Finding[] {
  return isDeepStrictEqual(next.roleRef, current.roleRef)
    ? []
    : [invalid('roleRef', next.roleRef, 'cannot change roleRef')]
}

function checkRule(rule: Draft<V1PolicyRule>, field: string): Finding[] {
  const { verbs = [], nonResourceURLs = [], apiGroups = [], resources = [], resourceNames = [] } = rule
  const found = verbs.length > 0 ? [] : [required(`${field}.verbs`, 'verbs must contain at least one value')]
  if (nonResourceURLs.length > 0) {
    const isMixed = apiGroups.length + resources.length + resourceNames.length > 0
    const sentence = 'rules cannot apply to both regular resources and non-resource URLs'
    return isMixed ? [...found, invalid(`${field}.nonResourceURLs`, nonResourceURLs, sentence)] : found
  }
  return [
    ...found,
    ...(apiGroups.length > 0
      ? []
      : [required(`${field}.apiGroups`, 'resource rules must supply at least one api group')]),
    ...(resources.length > 0
      ? []
      : [required(`${field}.resources`, 'resource rules must supply at least one resource')]),
    ...(resourceNames.length > 0 && resources.length > 1
      ? [required(`${field}.resourceNames`, 'resource names cannot apply to multiple resources')]
      : []),
  ]
}

function checkRoleRef({ apiGroup = '', kind = '', name }: Draft<V1RoleBinding['roleRef']>, kinds: string[]): Finding[] {
  return [
    ...(apiGroup === GROUP ? [] : [notSupported('roleRef.apiGroup', apiGroup, [GROUP])]),
    ...(kinds.includes(kind) ? [] : [notSupported('roleRef.kind', kind, kinds)]),
    ...(isEmpty(name) ? [required('roleRef.name')] : invalidFor('roleRef.name', name, brokenByPathSegment(name))),
  ]
}

function checkSubject({ kind = '', name = '', apiGroup = '' }: Draft<RbacV1Subject>, field: string): Finding[] {
  const found = name === '' ? [required(`${field}.name`)] : []
  switch (kind) {
    case 'ServiceAccount':
      return [
        ...found,
        ...(name === '' ? [] : invalidFor(`${field}.name`, name, brokenBySubdomain(name))),
        ...(apiGroup === '' ? [] : [notSupported(`${field}.apiGroup`, apiGroup, [''])]),
      ]
    case 'User':
    case 'Group':
      return [
        ...found,
        ...(name === '' ? [invalid(`${field}.name`, name, `${kind.toLowerCase()} name cannot be empty`)] : []),
        ...(apiGroup === GROUP ? [] : [notSupported(`${field}.apiGroup`, apiGroup, [GROUP])]),
      ]
    default:
      return [...found, notSupported(`${field}.kind`, kind, ['ServiceAccount', 'User', 'Group'])]
  }
}
