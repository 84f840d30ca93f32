import type { IncomingMessage } from 'node:http'
import { Failure } from '../../failure.ts'
import type { KubeObject, Resource } from '../store/store.ts'
import type { Access } from './access/access.ts'
import { checkAcceptsJson } from './accepts-json.ts'
import { admitRequest } from './admit-request.ts'
import type { Answer } from './answer.ts'
import type { ApiRequest, ObjectRequest } from './api-request.ts'
import type { ObjectPart, ObjectView } from './kinds/kind.ts'
import { isSet } from './number-parameter.ts'
import type { RequestMeter } from './request-metrics.ts'
import type { ServerParts } from './server-parts.ts'
import { methodNotAllowed } from './status.ts'
import type { Traffic } from './traffic.ts'
import { getObject } from './verbs/get.ts'
import { listObjects } from './verbs/list.ts'
import { watchObjects } from './verbs/watch.ts'

/** How a request came in. */
export interface Arrival {
  readonly access: Access
  /** Absent: nobody measures it. */
  readonly meter: RequestMeter | undefined
  readonly traffic: Traffic
  /** Aborts when the client is gone or the server closes. */
  readonly signal: AbortSignal
}

/** Has done what a request asks for. @throws Failure */
export async function answerRequest(
  parts: ServerParts,
  incoming: IncomingMessage,
  { access, meter, traffic, signal }: Arrival,
): Promise<Answer> {
  const admitted = await admitRequest(parts.store, { access, meter }, incoming)
  const { user, method, path, query, target } = admitted
  await traffic.admit(admitted, signal)
  if (target.is === 'document') {
    if (method !== 'GET') throw methodNotAllowed()
    const { getDocument } = await import('./documents/document.ts')
    return getDocument(parts, { path, query, headers: incoming.headers })
  }
  const { kind, namespace } = target
  if (kind.measured !== undefined) {
    if (method !== 'GET') throw methodNotAllowed()
    const { readMeasured } = await import('./verbs/read-measured.ts')
    const name = target.is === 'object' ? target.name : undefined
    return readMeasured(parts, { kind, namespace, query, user, incoming, signal }, name)
  }
  if (kind.isReadOnly === true && method !== 'GET') throw methodNotAllowed()
  const request: ApiRequest = { kind, namespace, query, user, incoming, signal }
  const seen = kind.view === undefined ? parts : await viewedParts(parts, kind.resource, kind.view)
  if (target.is === 'collection') return answerCollection(seen, method, request)
  if (target.rest !== undefined) {
    const { proxyPod } = await import('./verbs/proxy-pod.ts')
    return proxyPod(parts, { ...request, name: target.name, rest: target.rest })
  }
  return answerObject(seen, method, { ...request, name: target.name, subresource: target.subresource })
}

async function viewedParts(parts: ServerParts, resource: Resource, view: ObjectView<KubeObject>): Promise<ServerParts> {
  const { viewedStore } = await import('./viewed-store.ts')
  return { ...parts, store: viewedStore(parts.store, resource, view) }
}

async function answerCollection(parts: ServerParts, method: string, request: ApiRequest): Promise<Answer> {
  const { kind, namespace, query, incoming } = request
  if (kind.carryOut !== undefined) {
    if (method !== 'POST') throw methodNotAllowed()
    return kind.carryOut(parts, request)
  }
  if (kind.answer !== undefined) {
    if (method !== 'POST') throw methodNotAllowed()
    const { answerQuestion } = await import('./verbs/answer-question.ts')
    return answerQuestion(parts, request)
  }
  switch (method) {
    case 'GET':
      return isSet(query, 'watch') ? watchObjects(parts, request) : listObjects(parts, request)
    case 'POST': {
      if (kind.resource.namespaced && namespace === undefined) throw methodNotAllowed()
      checkAcceptsJson(incoming.headers.accept)
      // What writes brings the rules of the kinds along: they are loaded when the first request needs them.
      const { createObject } = await import('./verbs/create.ts')
      return createObject(parts, request)
    }
    case 'DELETE': {
      if (!kind.canDeleteCollection) throw methodNotAllowed()
      const { deleteCollection } = await import('./verbs/delete-collection.ts')
      return deleteCollection(parts, request)
    }
    default:
      throw methodNotAllowed()
  }
}

const PARTS: readonly ObjectPart[] = ['status', 'ephemeralcontainers', 'resize']

async function answerObject(
  parts: ServerParts,
  method: string,
  request: ObjectRequest & { readonly subresource: string | undefined },
): Promise<Answer> {
  const { subresource, incoming } = request
  if (subresource === 'log') {
    if (method !== 'GET') throw methodNotAllowed()
    const { readPodLog } = await import('./verbs/read-log.ts')
    return readPodLog(parts, request)
  }
  if (subresource === 'token') {
    if (method !== 'POST') throw methodNotAllowed()
    const { createAccountToken } = await import('./verbs/create-account-token.ts')
    return createAccountToken(parts, request)
  }
  if (subresource === 'eviction') {
    if (method !== 'POST') throw methodNotAllowed()
    const { evictPod } = await import('./verbs/evict-pod.ts')
    return evictPod(parts, request)
  }
  if (subresource === 'binding') {
    if (method !== 'POST') throw methodNotAllowed()
    const { bindPod } = await import('./verbs/bind-pod.ts')
    return bindPod(parts, request, request.name)
  }
  if (subresource === 'finalize') {
    if (method !== 'PUT') throw methodNotAllowed()
    const { finalizeNamespace } = await import('./verbs/finalize-namespace.ts')
    return finalizeNamespace(parts, request)
  }
  if (subresource === 'exec' || subresource === 'attach' || subresource === 'portforward') {
    throw new Failure('BadRequest', 'Upgrade request required')
  }
  const part = PARTS.find((each) => each === subresource) ?? 'object'
  if (method === 'GET') return getObject(parts, request)
  checkAcceptsJson(incoming.headers.accept)
  switch (method) {
    case 'PUT': {
      const { updateObject } = await import('./verbs/update.ts')
      return updateObject(parts, request, part)
    }
    case 'PATCH': {
      const { patchObject } = await import('./verbs/patch.ts')
      return patchObject(parts, request, part)
    }
    case 'DELETE': {
      if (part !== 'object') throw methodNotAllowed()
      const { deleteObject } = await import('./verbs/delete.ts')
      return deleteObject(parts, request)
    }
    default:
      throw methodNotAllowed()
  }
}
