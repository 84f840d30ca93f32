import { Failure } from '../failure.ts'
import type { ApiAddress, IssuedToken, PodApi, TokenWish } from '../node/engine/pod-api.ts'
import type { Pod } from '../kube/api/pod.ts'
import type { SigningKey } from '../node/server/access/service-account-tokens.ts'
import { SERVICE_ACCOUNTS } from '../node/store/resources.ts'
import type { Store } from '../node/store/store.ts'

interface KnownServer {
  readonly signing: SigningKey
  /** Where pods reach it; undefined when they do not. */
  readonly address: ApiAddress | undefined
}

/** What pods learn of the server that runs them, which begins to listen after they go on. */
export class ServedPodApi implements PodApi, Disposable {
  readonly #store: Store
  readonly #server = Promise.withResolvers<KnownServer>()

  constructor(store: Store) {
    this.#store = store
    // Nobody may be waiting for it.
    this.#server.promise.catch(() => undefined)
  }

  /** The server listens. */
  opened(server: KnownServer): void {
    this.#server.resolve(server)
  }

  async address(): Promise<ApiAddress | undefined> {
    return (await this.#server.promise).address
  }

  async token(pod: Pod, { audience, expirationSeconds }: TokenWish): Promise<IssuedToken> {
    const [{ signing }, { createToken }] = await Promise.all([
      this.#server.promise,
      import('../node/server/access/create-token.ts'),
    ])
    const { namespace, name: podName, uid } = pod.metadata
    const { serviceAccountName: name = 'default' } = pod.spec
    const account = this.#store.get(SERVICE_ACCOUNTS, { namespace, name })
    if (account === undefined) throw new Failure('NotFound', `serviceaccounts ${JSON.stringify(name)} not found`)
    const spec = {
      audiences: audience === undefined || audience === '' ? [] : [audience],
      expirationSeconds,
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: podName, uid },
    }
    const nowMs = Date.now()
    const { status } = createToken(signing, { account, request: { spec }, pod, nowMs, id: crypto.randomUUID() })
    return { token: status?.token ?? '', issuedAtMs: nowMs, expiresAtMs: nowMs + expirationSeconds * 1000 }
  }

  /** Whoever still waits for the server learns that there is none. */
  [Symbol.dispose](): void {
    this.#server.reject(new Failure('ServiceUnavailable', 'the server ended before it listened'))
  }
}
