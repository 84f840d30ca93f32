import type {
  V1ResourceAttributes,
  V1SelfSubjectAccessReview,
  V1SelfSubjectAccessReviewSpec,
  V1SelfSubjectReview,
  V1SelfSubjectRulesReview,
  V1SelfSubjectRulesReviewSpec,
  V1SubjectAccessReview,
  V1SubjectAccessReviewSpec,
  V1TokenReview,
  V1TokenReviewSpec,
  V1UserInfo,
} from '@kubernetes/client-node'
import { Failure } from '../../../failure.ts'
import type { Json } from '../../../kube/api/pod.ts'
import type { AccessAttributes } from '../../../kube/api/rbac/access-attributes.ts'
import { findRules } from '../../../kube/api/rbac/find-rules.ts'
import type { Identity } from '../../../kube/api/rbac/identity.ts'
import type { Store } from '../../store/store.ts'
import { mayAccess } from './access.ts'
import { identifyToken, type TokenSource } from './identify-token.ts'
import { ISSUER } from './service-account-tokens.ts'
import { storePolicy } from './store-policy.ts'

type Answered<T extends { status?: unknown }> = Pick<Json<T>, 'status' & keyof Json<T>>

type AccessQuestion = Pick<Json<V1SubjectAccessReviewSpec>, 'resourceAttributes' | 'nonResourceAttributes'>

/** `kubectl auth can-i`: whether who asks may do something. */
export function answerSelfAccess(
  store: Store,
  user: Identity,
  spec: Json<V1SelfSubjectAccessReviewSpec>,
): Answered<V1SelfSubjectAccessReview> {
  return { status: accessStatus(store, user, spec) }
}

/** Whether somebody may do something. */
export function answerAccess(store: Store, spec: Json<V1SubjectAccessReviewSpec>): Answered<V1SubjectAccessReview> {
  const { user = '', groups = [], uid, extra } = spec
  if (user === '' && groups.length === 0) {
    throw new Failure('BadRequest', 'spec: at least one of user or groups must be specified')
  }
  const asked = { name: user, groups, ...(uid === undefined ? {} : { uid }), ...(extra === undefined ? {} : { extra }) }
  return { status: accessStatus(store, asked, spec) }
}

/** `kubectl auth can-i --list`: what who asks may do in a namespace. */
export function answerSelfRules(
  store: Store,
  user: Identity,
  { namespace = '' }: Json<V1SelfSubjectRulesReviewSpec>,
): Answered<V1SelfSubjectRulesReview> {
  if (namespace === '') throw new Failure('BadRequest', 'no namespace on request')
  const { rules, missing } = findRules(storePolicy(store), user, namespace)
  const resourceRules = rules.filter(({ resources = [] }) => resources.length > 0)
  const nonResourceRules = rules.filter(({ nonResourceURLs = [] }) => nonResourceURLs.length > 0)
  return {
    status: {
      resourceRules: resourceRules.map(({ verbs, apiGroups, resources, resourceNames }) => ({
        verbs,
        ...(apiGroups === undefined ? {} : { apiGroups }),
        ...(resources === undefined ? {} : { resources }),
        ...(resourceNames === undefined ? {} : { resourceNames }),
      })),
      nonResourceRules: nonResourceRules.map(({ verbs, nonResourceURLs }) => ({
        verbs,
        ...(nonResourceURLs === undefined ? {} : { nonResourceURLs }),
      })),
      incomplete: missing.length > 0,
      ...(missing.length === 0 ? {} : { evaluationError: missing.join(', ') }),
    },
  }
}

/** `kubectl auth whoami` */
export function answerSelf(user: Identity): Answered<V1SelfSubjectReview> {
  return { status: { userInfo: userInfo(user) } }
}

/** Whose token it is. */
export function answerToken(
  source: TokenSource,
  { token, audiences = [] }: Json<V1TokenReviewSpec>,
): Answered<V1TokenReview> {
  if (token === '') throw new Failure('BadRequest', 'token is required for TokenReview in authentication')
  const known = identifyToken(source, token, audiences.length === 0 ? [ISSUER] : audiences)
  if (known === undefined) {
    return { status: { user: {}, error: 'the token is not one of this server, has ended or is for others' } }
  }
  return {
    status: { authenticated: true, user: userInfo(known.identity), audiences: known.audiences },
  }
}

function accessStatus(store: Store, user: Identity, question: AccessQuestion): { allowed: boolean; reason?: string } {
  const { allowed, reason } = mayAccess(store, user, attributesOf(question))
  return { allowed, ...(reason === '' ? {} : { reason }) }
}

function attributesOf({ resourceAttributes, nonResourceAttributes }: AccessQuestion): AccessAttributes {
  if ((resourceAttributes === undefined) === (nonResourceAttributes === undefined)) {
    throw new Failure(
      'BadRequest',
      'spec: exactly one of nonResourceAttributes or resourceAttributes must be specified',
    )
  }
  if (resourceAttributes !== undefined) return resourceAccess(resourceAttributes)
  return { verb: nonResourceAttributes?.verb ?? '', path: nonResourceAttributes?.path ?? '' }
}

function resourceAccess(asked: Json<V1ResourceAttributes>): AccessAttributes {
  const { verb = '', group = '', resource = '', subresource = '', name = '', namespace = '' } = asked
  return { verb, group, resource, subresource, name, namespace }
}

function userInfo({ name, uid, groups, extra }: Identity): Json<V1UserInfo> {
  return {
    username: name,
    ...(uid === undefined ? {} : { uid }),
    groups,
    ...(extra === undefined ? {} : { extra }),
  }
}
