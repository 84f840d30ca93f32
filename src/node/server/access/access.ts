import type { IncomingMessage } from 'node:http'
import { Failure } from '../../../failure.ts'
import { type AccessAttributes, refusedAccess } from '../../../kube/api/rbac/access-attributes.ts'
import { authorize, type Verdict } from '../../../kube/api/rbac/authorize.ts'
import { type Identity, ROOT } from '../../../kube/api/rbac/identity.ts'
import type { Store } from '../../store/store.ts'
import { impersonated } from './impersonate.ts'
import { storePolicy } from './store-policy.ts'

/** Who may come in by one of the ways into the server. */
export interface Access {
  /** @throws Failure Unauthorized, Forbidden */
  identify(incoming: IncomingMessage): Identity
}

/** The Unix socket: whoever can open it is root on the machine, and may act as somebody else. */
export function rootAccess(store: Store): Access {
  return { identify: (incoming) => impersonated(store, ROOT, incoming.headers) }
}

/** @throws Failure Forbidden, in the words of the API server */
export function checkAccess(store: Store, user: Identity, wanted: AccessAttributes): void {
  const { allowed, reason } = mayAccess(store, user, wanted)
  if (allowed) return
  const why = refusedAccess(user.name, wanted) + (reason === '' ? '' : `: ${reason}`)
  if ('path' in wanted) throw new Failure('Forbidden', `forbidden: ${why}`, { details: {} })
  const { group, resource, name } = wanted
  const qualified = group === '' ? resource : `${resource}.${group}`
  const what = name === '' ? qualified : `${qualified} ${JSON.stringify(name)}`
  throw new Failure('Forbidden', `${what} is forbidden: ${why}`, {
    details: { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind: resource },
  })
}

export function mayAccess(store: Store, user: Identity, wanted: AccessAttributes): Verdict {
  return authorize(storePolicy(store), user, wanted)
}
