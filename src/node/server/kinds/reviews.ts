import type {
  V1LocalSubjectAccessReview,
  V1SelfSubjectAccessReview,
  V1SelfSubjectReview,
  V1SelfSubjectRulesReview,
  V1SubjectAccessReview,
  V1TokenReview,
} from '@kubernetes/client-node'
import { Failure } from '../../../failure.ts'
import type { Json } from '../../../kube/api/pod.ts'
import type { KubeObject, Resource } from '../../store/store.ts'
import { answerAccess, answerSelf, answerSelfAccess, answerSelfRules, answerToken } from '../access/answer-reviews.ts'
import type { Kind } from './kind.ts'

// Kubernetes' questions about who may do what, and who somebody is. Nothing of them is stored.

type Review<T> = Omit<Json<T>, keyof KubeObject> & KubeObject

function question<T extends KubeObject>(resource: Resource<T>, answer: NonNullable<Kind<T>['answer']>): Kind<T> {
  return {
    resource,
    singular: resource.kind.toLowerCase(),
    shortNames: [],
    subresources: [],
    canDeleteCollection: false,
    selectableFields: [],
    fieldValue: () => '',
    rules: () => Promise.reject(new TypeError(`a ${resource.kind} is not stored`)),
    answer,
  }
}

const AUTHENTICATION = { group: 'authentication.k8s.io', version: 'v1', namespaced: false }
const AUTHORIZATION = { group: 'authorization.k8s.io', version: 'v1', namespaced: false }

/** `kubectl auth whoami` */
export const selfSubjectReviewKind = question<Review<V1SelfSubjectReview>>(
  { ...AUTHENTICATION, plural: 'selfsubjectreviews', kind: 'SelfSubjectReview' },
  (asked, { user }) => ({ ...asked, ...answerSelf(user) }),
)

export const tokenReviewKind = question<Review<V1TokenReview>>(
  { ...AUTHENTICATION, plural: 'tokenreviews', kind: 'TokenReview' },
  (asked, _request, { store, signing, clock }) => {
    if (signing === undefined) throw new Failure('ServiceUnavailable', 'review a token: this server gives none')
    return { ...asked, ...answerToken({ store, signing, nowMs: clock.nowMs() }, asked.spec) }
  },
)

/** `kubectl auth can-i` */
export const selfSubjectAccessReviewKind = question<Review<V1SelfSubjectAccessReview>>(
  { ...AUTHORIZATION, plural: 'selfsubjectaccessreviews', kind: 'SelfSubjectAccessReview' },
  (asked, { user }, { store }) => ({ ...asked, ...answerSelfAccess(store, user, asked.spec) }),
)

/** `kubectl auth can-i --list` */
export const selfSubjectRulesReviewKind = question<Review<V1SelfSubjectRulesReview>>(
  { ...AUTHORIZATION, plural: 'selfsubjectrulesreviews', kind: 'SelfSubjectRulesReview' },
  (asked, { user }, { store }) => ({ ...asked, ...answerSelfRules(store, user, asked.spec) }),
)

export const subjectAccessReviewKind = question<Review<V1SubjectAccessReview>>(
  { ...AUTHORIZATION, plural: 'subjectaccessreviews', kind: 'SubjectAccessReview' },
  (asked, _request, { store }) => ({ ...asked, ...answerAccess(store, asked.spec) }),
)

export const localSubjectAccessReviewKind = question<Review<V1LocalSubjectAccessReview>>(
  { ...AUTHORIZATION, plural: 'localsubjectaccessreviews', kind: 'LocalSubjectAccessReview', namespaced: true },
  (asked, { namespace }, { store }) => {
    const { resourceAttributes } = asked.spec
    if (resourceAttributes?.namespace !== namespace) {
      throw new Failure('BadRequest', `spec.resourceAttributes.namespace must match namespace: ${namespace ?? ''}`)
    }
    return { ...asked, ...answerAccess(store, asked.spec) }
  },
)
