import type { IncomingMessage } from 'node:http'
import type { Identity } from '../../kube/api/rbac/identity.ts'
import type { Kind } from './kinds/kind.ts'

/** A request about a kind of objects, its URL taken apart. */
export interface ApiRequest {
  readonly kind: Kind
  readonly namespace: string | undefined
  readonly query: URLSearchParams
  /** Who asks; they may. */
  readonly user: Identity
  readonly incoming: IncomingMessage
  /** Aborts when the client is gone or the server closes. */
  readonly signal: AbortSignal
}

export interface ObjectRequest extends ApiRequest {
  readonly name: string
}
