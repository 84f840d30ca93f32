import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { Failure } from '../../../failure.ts'
import { ANONYMOUS, AUTHENTICATED, type Identity } from '../../../kube/api/rbac/identity.ts'
import type { Store } from '../../store/store.ts'
import type { Access } from './access.ts'
import { identifyToken } from './identify-token.ts'
import { impersonated } from './impersonate.ts'
import type { SigningKey } from './service-account-tokens.ts'

export interface RemoteOptions {
  readonly store: Store
  readonly signing: SigningKey
  readonly nowMs: () => number
}

/** Over TLS: a client certificate that the authority signed, or the token of a service account; or nobody known. */
export function remoteAccess({ store, signing, nowMs }: RemoteOptions): Access {
  return {
    identify(incoming) {
      const user = identifyCertificate(incoming.socket) ?? identifyBearer(incoming) ?? ANONYMOUS
      return impersonated(store, user, incoming.headers)
    },
  }

  function identifyBearer({ headers }: IncomingMessage): Identity | undefined {
    const { authorization } = headers
    if (authorization === undefined) return undefined
    const token = /^Bearer +(\S+) *$/i.exec(authorization)?.[1]
    const known = token === undefined ? undefined : identifyToken({ store, signing, nowMs: nowMs() }, token)
    // A token that is not believed is no reason to treat its bearer as nobody: they would not learn why.
    if (known === undefined) throw new Failure('Unauthorized', 'Unauthorized')
    return known.identity
  }
}

/** Whose certificate came with a connection: it stays the same, and to read it takes longer than many an answer. */
const identities = new WeakMap<TLSSocket, Identity | 'nobody'>()

function identifyCertificate(socket: Socket): Identity | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined
  const known = identities.get(socket) ?? readIdentity(socket) ?? 'nobody'
  identities.set(socket, known)
  return known === 'nobody' ? undefined : known
}

/** Its common name is the user, its organizations are the groups. */
function readIdentity(socket: TLSSocket): Identity | undefined {
  const { CN, O } = socket.getPeerCertificate().subject
  if (CN === undefined || CN === '') return undefined
  const groups = O === undefined ? [] : [O].flat()
  return { name: [CN].flat()[0] ?? '', groups: [...groups, AUTHENTICATED] }
}
