import type { IncomingMessage } from 'node:http'
import { Failure } from '../../failure.ts'
import type { Identity } from '../../kube/api/rbac/identity.ts'
import type { Store } from '../store/store.ts'
import { type Access, checkAccess } from './access/access.ts'
import { requestAttributes } from './access/request-attributes.ts'
import type { RequestMeter } from './request-metrics.ts'
import { parseRequestTarget, type RequestTarget } from './request-target.ts'

/** A request whose sender may do what it asks for. */
export interface AdmittedRequest {
  readonly user: Identity
  /** HEAD is GET whose body nobody sends. */
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly target: RequestTarget
}

/**
 * Finds out who asks for what, and whether they may. Every request and every upgrade comes through here.
 *
 * @param door which way the request came in, and who measures it.
 * @throws Failure Unauthorized, Forbidden, NotFound for a path of the API that names nothing
 */
export async function admitRequest(
  store: Store,
  { access, meter }: { readonly access: Access; readonly meter: RequestMeter | undefined },
  incoming: IncomingMessage,
): Promise<AdmittedRequest> {
  const user = access.identify(incoming)
  const [path, search] = splitOnce(incoming.url ?? '/', '?')
  const query = new URLSearchParams(search)
  const method = incoming.method === 'HEAD' ? 'GET' : (incoming.method ?? 'GET')
  const target = await findTarget(store, user, { method, path })
  const attributes = requestAttributes(method, target, query)
  meter?.asks(attributes)
  checkAccess(store, user, attributes)
  return { user, method, path, query, target }
}

/** What there is not is told only to those who may ask for it. */
async function findTarget(
  store: Store,
  user: Identity,
  { method, path }: { readonly method: string; readonly path: string },
): Promise<RequestTarget> {
  try {
    return await parseRequestTarget(path)
  } catch (thrown) {
    if (thrown instanceof Failure) checkAccess(store, user, { verb: method.toLowerCase(), path })
    throw thrown
  }
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator)
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}
