import type { Pod } from '../../kube/api/pod.ts'

/** Where programs in pods reach the API. */
export interface ApiAddress {
  readonly host: string
  readonly port: number
}

export interface TokenWish {
  /** Absent: the API itself. */
  readonly audience?: string | undefined
  readonly expirationSeconds: number
}

export interface IssuedToken {
  readonly token: string
  readonly issuedAtMs: number
  readonly expiresAtMs: number
}

/** The API as programs in pods know it. */
export interface PodApi {
  /** Resolves once the server listens; undefined when pods cannot reach it. */
  address(): Promise<ApiAddress | undefined>
  /** A token of the pod's service account that is worth nothing once the pod is gone. @throws Failure NotFound */
  token(pod: Pod, wish: TokenWish): Promise<IssuedToken>
}
