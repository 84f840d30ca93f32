import type { AuthenticationV1TokenRequest, V1BoundObjectReference } from '@kubernetes/client-node'
import { rfc3339 } from '../../../kube/api/rfc3339.ts'
import { Failure } from '../../../failure.ts'
import type { Json, Pod } from '../../../kube/api/pod.ts'
import type { Problem } from '../../../kube/api/problem.ts'
import { invalid, required } from '../../../kube/api/rules/finding.ts'
import type { ServiceAccount } from '../../store/resources.ts'
import { ISSUER, type SigningKey, signToken, type TokenClaims } from './service-account-tokens.ts'

export type TokenRequest = Json<AuthenticationV1TokenRequest>

const DEFAULT_SECONDS = 3600
const LEAST_SECONDS = 600
const MOST_SECONDS = 2 ** 32

export interface TokenWish {
  readonly account: ServiceAccount
  readonly request: TokenRequest
  /** The pod that the request binds its token to; undefined when there is none of that name. */
  readonly pod: Pod | undefined
  readonly nowMs: number
  readonly id: string
}

/** What is wrong with a request for a token. Source: ValidateTokenRequest of pkg/apis/authentication/validation. */
export function checkTokenRequest({ spec = {} }: TokenRequest): readonly Problem[] {
  const { expirationSeconds = DEFAULT_SECONDS, boundObjectRef } = spec
  const problems: Problem[] = []
  if (expirationSeconds < LEAST_SECONDS) {
    problems.push(
      invalid('spec.expirationSeconds', expirationSeconds, 'may not specify a duration less than 10 minutes'),
    )
  }
  if (expirationSeconds > MOST_SECONDS) {
    problems.push(
      invalid('spec.expirationSeconds', expirationSeconds, 'may not specify a duration larger than 2^32 seconds'),
    )
  }
  if (boundObjectRef !== undefined && (boundObjectRef.name ?? '') === '') {
    problems.push(required('spec.boundObjectRef.name'))
  }
  return problems
}

/**
 * The request with a signed token in its status.
 *
 * @throws Failure BadRequest, NotFound, Conflict for an object that the token cannot be bound to
 */
export function createToken(key: SigningKey, wish: TokenWish): TokenRequest {
  const { account, request, nowMs, id } = wish
  const { audiences = [], expirationSeconds = DEFAULT_SECONDS, boundObjectRef } = request.spec ?? {}
  const issuedAtSeconds = Math.floor(nowMs / 1000)
  const expiresAtSeconds = issuedAtSeconds + expirationSeconds
  const { name = '', namespace = '', uid = '' } = account.metadata
  const claims: TokenClaims = {
    account: { namespace, name, uid },
    audiences: audiences.length === 0 ? [ISSUER] : audiences,
    ...(boundObjectRef === undefined ? {} : { pod: boundPod(wish, boundObjectRef) }),
    issuedAtSeconds,
    expiresAtSeconds,
    id,
  }
  return {
    ...request,
    metadata: { ...request.metadata, name, namespace },
    spec: { ...request.spec, audiences: claims.audiences, expirationSeconds },
    status: {
      token: signToken(key, claims),
      expirationTimestamp: rfc3339(expiresAtSeconds * 1000),
    },
  }
}

/** Source: TokenREST.Create of pkg/registry/core/serviceaccount/storage. */
function boundPod({ account, pod }: TokenWish, ref: Json<V1BoundObjectReference>): { name: string; uid: string } {
  const { kind = '', apiVersion = 'v1', name = '', uid = '' } = ref
  if (kind !== 'Pod' || apiVersion !== 'v1') {
    throw new Failure('BadRequest', `cannot bind token to object of type ${apiVersion}, Kind=${kind}: only to a Pod`)
  }
  if (pod === undefined) {
    throw new Failure('NotFound', `pods ${JSON.stringify(name)} not found`, { details: { name, kind: 'pods' } })
  }
  if (uid !== '' && uid !== pod.metadata.uid) {
    throw new Failure(
      'Conflict',
      `Operation cannot be fulfilled on Pod ${JSON.stringify(name)}: the UID in the bound object reference (${uid}) does not ` +
        `match the UID in record. The object might have been deleted and then recreated`,
      { details: { name, kind: 'Pod' } },
    )
  }
  const { serviceAccountName = 'default' } = pod.spec
  if (serviceAccountName !== account.metadata.name) {
    throw new Failure(
      'BadRequest',
      `cannot bind token for serviceaccount ${JSON.stringify(account.metadata.name)} to pod running with different ` +
        `serviceaccount name ${JSON.stringify(serviceAccountName)}`,
    )
  }
  return { name, uid: pod.metadata.uid }
}
