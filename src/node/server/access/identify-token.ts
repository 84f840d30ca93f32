import { accountGroups, accountUserName, type Identity } from '../../../kube/api/rbac/identity.ts'
import { PODS, SERVICE_ACCOUNTS } from '../../store/resources.ts'
import type { Store } from '../../store/store.ts'
import { ISSUER, readToken, type SigningKey, type TokenClaims } from './service-account-tokens.ts'

export interface TokenSource {
  readonly store: Store
  readonly signing: SigningKey
  readonly nowMs: number
}

interface Identified {
  readonly identity: Identity
  readonly audiences: readonly string[]
}

/**
 * Who bears a token, for audiences of which it must name one.
 *
 * @returns undefined when it is not ours, has ended, is for others, or outlived its account or the pod it was made for.
 */
export function identifyToken(
  source: TokenSource,
  token: string,
  audiences: readonly string[] = [ISSUER],
): Identified | undefined {
  const claims = readToken(source.signing, token, source.nowMs)
  if (claims === undefined || !isAlive(source.store, claims)) return undefined
  const common = audiences.filter((audience) => claims.audiences.includes(audience))
  return common.length === 0 ? undefined : { identity: identityOf(claims), audiences: common }
}

function isAlive(store: Store, { account, pod }: TokenClaims): boolean {
  const { namespace } = account
  if (store.get(SERVICE_ACCOUNTS, account)?.metadata.uid !== account.uid) return false
  return pod === undefined || store.get(PODS, { namespace, name: pod.name })?.metadata.uid === pod.uid
}

function identityOf({ account, pod, node, id }: TokenClaims): Identity {
  return {
    name: accountUserName(account),
    uid: account.uid,
    groups: accountGroups(account.namespace),
    extra: {
      'authentication.kubernetes.io/credential-id': [`JTI=${id}`],
      ...(pod === undefined
        ? {}
        : { 'authentication.kubernetes.io/pod-name': [pod.name], 'authentication.kubernetes.io/pod-uid': [pod.uid] }),
      ...(node === undefined
        ? {}
        : {
            'authentication.kubernetes.io/node-name': [node.name],
            'authentication.kubernetes.io/node-uid': [node.uid],
          }),
    },
  }
}
