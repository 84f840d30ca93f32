import { Failure } from '../../../failure.ts'

export type Credentials =
  | { readonly is: 'password'; readonly username: string; readonly password: string }
  /** A refresh token, as `docker login` of some registries leaves it. */
  | { readonly is: 'identity-token'; readonly token: string }

/** Where one auth file says the credentials are. */
export type CredentialsPlace =
  | { readonly is: 'here'; readonly credentials: Credentials }
  /** Ask `docker-credential-<helper>` for `server`. */
  | { readonly is: 'helper'; readonly helper: string; readonly server: string }
  | { readonly is: 'nowhere' }

/** `~/.docker/config.json` or `auth.json` of containers-auth.json(5), as far as it is about credentials. */
export interface AuthFile {
  readonly path: string
  readonly auths: Readonly<Record<string, unknown>>
  readonly credHelpers: Readonly<Record<string, unknown>>
  readonly credsStore: string | undefined
}

/** What Docker calls its own registry, in files and to helpers. */
const DOCKER_HUB_SERVER = 'https://index.docker.io/v1/'

/** @throws Failure Invalid */
export function parseAuthFile(text: string, path: string): AuthFile {
  let value: unknown
  try {
    value = JSON.parse(text === '' ? '{}' : text)
  } catch (error) {
    // The cause would quote the text, and the text holds passwords.
    throw new Failure('Invalid', `read credentials from "${path}": it is not JSON; mend or remove it`, {
      details: { kind: error instanceof Error ? error.name : 'unknown' },
    })
  }
  const file = recordOf(value)
  const { credsStore } = file
  return {
    path,
    auths: recordOf(file['auths']),
    credHelpers: recordOf(file['credHelpers']),
    credsStore: typeof credsStore === 'string' && credsStore !== '' ? credsStore : undefined,
  }
}

/**
 * Where a file has the credentials for a repository: the entry of the longest matching path wins, as in
 * containers-auth.json(5); a helper of the registry before one of the file.
 */
export function findCredentials(file: AuthFile, registry: string, repository: string): CredentialsPlace {
  const server = registry === 'docker.io' ? DOCKER_HUB_SERVER : registry
  const helper = Object.entries(file.credHelpers).find(([host]) => normalHost(host) === registry)?.[1]
  if (typeof helper === 'string' && helper !== '') return { is: 'helper', helper, server }
  for (const key of keysFor(registry, repository)) {
    const entry = Object.entries(file.auths).find(([written]) => normalKey(written) === key)?.[1]
    const credentials = entry === undefined ? undefined : credentialsIn(entry, file.path, key)
    if (credentials !== undefined) return { is: 'here', credentials }
  }
  return file.credsStore === undefined ? { is: 'nowhere' } : { is: 'helper', helper: file.credsStore, server }
}

/** `quay.io/a/b`, `quay.io/a`, `quay.io` */
function keysFor(registry: string, repository: string): string[] {
  const parts = repository.split('/')
  return [...parts.keys(), parts.length].reverse().map((count) => [registry, ...parts.slice(0, count)].join('/'))
}

function normalKey(written: string): string {
  const [host = '', ...path] = written
    .replace(/^https?:\/\//, '')
    .replace(/\/+$/, '')
    .split('/')
  // Docker writes `https://index.docker.io/v1/`: a URL of its API, not a repository.
  const isApiUrl = /^https?:\/\//.test(written) || /^v[12]$/.test(path.join('/'))
  return [normalHost(host), ...(isApiUrl ? [] : path)].join('/')
}

function normalHost(written: string): string {
  const host = written.replace(/^https?:\/\//, '').replace(/\/.*$/, '')
  return host === 'index.docker.io' || host === 'registry-1.docker.io' ? 'docker.io' : host
}

function credentialsIn(entry: unknown, path: string, key: string): Credentials | undefined {
  const { auth, identitytoken, username, password } = recordOf(entry)
  if (typeof identitytoken === 'string' && identitytoken !== '') return { is: 'identity-token', token: identitytoken }
  if (typeof username === 'string' && typeof password === 'string') return { is: 'password', username, password }
  if (typeof auth !== 'string' || auth === '') return undefined
  const text = Buffer.from(auth, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon >= 0) {
    return { is: 'password', username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, '') }
  }
  throw new Failure('Invalid', `read credentials for ${key} from "${path}": "auth" is not base64 of user:password`)
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}
