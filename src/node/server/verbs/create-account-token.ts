import { randomUUID } from 'node:crypto'
import { checkStructure } from '../../../kube/api/check-structure.ts'
import { fieldsOf, loadAllTypes } from '../../../kube/api/schema.ts'
import { PODS, SERVICE_ACCOUNTS } from '../../store/resources.ts'
import { notFound } from '../../store/store-failure.ts'
import { type Answer, jsonAnswer } from '../answer.ts'
import type { ObjectRequest } from '../api-request.ts'
import { checkTokenRequest, createToken, type TokenRequest } from '../access/create-token.ts'
import { readObjectBody } from '../read-object-body.ts'
import { refusal } from '../refusal.ts'
import type { ServerParts } from '../server-parts.ts'
import { noSuchResource } from '../status.ts'

const TYPE = 'AuthenticationV1TokenRequest'
const KIND = { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' }

/** POST serviceaccounts/NAME/token: `kubectl create token`. */
export async function createAccountToken(parts: ServerParts, request: ObjectRequest): Promise<Answer> {
  const { store, signing, clock } = parts
  const { namespace = '', name, incoming } = request
  // A server that nobody reaches with a token gives none.
  if (signing === undefined) throw noSuchResource()
  if (fieldsOf(TYPE) === undefined) await loadAllTypes()
  const wanted = checkedRequest(await readObjectBody(incoming, KIND))
  const account = store.get(SERVICE_ACCOUNTS, { namespace, name })
  if (account === undefined) throw notFound(SERVICE_ACCOUNTS, name)
  const podName = wanted.spec?.boundObjectRef?.name ?? ''
  const pod = store.get(PODS, { namespace, name: podName })
  const made = createToken(signing, { account, request: wanted, pod, nowMs: clock.nowMs(), id: randomUUID() })
  return jsonAnswer(201, JSON.stringify(made))
}

/** @throws Failure BadRequest, Invalid */
function checkedRequest(value: Record<string, unknown>): TokenRequest {
  const { findings, value: checked } = checkStructure({ spec: {}, ...value }, TYPE)
  const request: TokenRequest = {
    ...(checked as unknown as TokenRequest),
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
  }
  const problems = findings.length > 0 ? findings : checkTokenRequest(request)
  if (problems.length === 0) return request
  throw refusal({ ...KIND, name: '' }, problems)
}
