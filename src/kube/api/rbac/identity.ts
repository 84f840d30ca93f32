/** Who asks. Source: user.Info of k8s.io/apiserver. */
export interface Identity {
  readonly name: string
  readonly uid?: string
  readonly groups: readonly string[]
  /** What else is known of who asks, such as the pod that a token was made for. */
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

export const AUTHENTICATED = 'system:authenticated'
const UNAUTHENTICATED = 'system:unauthenticated'
/** Its members may do everything, whatever the roles say. */
export const MASTERS = 'system:masters'

/** Root on the machine, who comes by the Unix socket. */
export const ROOT: Identity = { name: 'system:admin', groups: [MASTERS, AUTHENTICATED] }

export const ANONYMOUS: Identity = { name: 'system:anonymous', groups: [UNAUTHENTICATED] }

const SERVICE_ACCOUNT = 'system:serviceaccount:'

export interface AccountKey {
  readonly namespace: string
  readonly name: string
}

/** The name that a ServiceAccount has as a user. */
export function accountUserName({ namespace, name }: AccountKey): string {
  return `${SERVICE_ACCOUNT}${namespace}:${name}`
}

/** The ServiceAccount that a user is; undefined for other users. */
export function accountOfUser(userName: string): AccountKey | undefined {
  if (!userName.startsWith(SERVICE_ACCOUNT)) return undefined
  const [namespace = '', name = '', ...more] = userName.slice(SERVICE_ACCOUNT.length).split(':')
  return namespace === '' || name === '' || more.length > 0 ? undefined : { namespace, name }
}

/** The groups that every ServiceAccount of a namespace is in. */
export function accountGroups(namespace: string): readonly string[] {
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, AUTHENTICATED]
}
