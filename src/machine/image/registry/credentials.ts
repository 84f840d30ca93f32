import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '../../../failure.ts'
import { runCommand } from '../../process/run-command.ts'
import { type AuthFile, type Credentials, findCredentials, parseAuthFile } from './auth-file.ts'

/** Credentials for a repository, or undefined: ask without. */
export type CredentialsLookup = (registry: string, repository: string) => Promise<Credentials | undefined>

const HELPER_TIMEOUT_MS = 30_000
/** What a helper gives as the user name when the secret is a refresh token. */
const TOKEN_USERNAME = '<token>'

/**
 * Looks in the files of podman and docker, each time anew: a login counts at once.
 *
 * @param environment REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR, XDG_CONFIG_HOME, DOCKER_CONFIG, HOME.
 */
export function credentialsFromFiles(environment: Readonly<Record<string, string | undefined>>): CredentialsLookup {
  const paths = authFilePaths(environment)
  return async (registry, repository) => {
    for (const path of paths) {
      const file = await readAuthFile(path)
      const place = file === undefined ? undefined : findCredentials(file, registry, repository)
      if (place?.is === 'here') return place.credentials
      if (place?.is !== 'helper') continue
      const found = await askHelper(place.helper, place.server)
      if (found !== undefined) return found
    }
    return undefined
  }
}

/** In the order in which they are asked. REGISTRY_AUTH_FILE stands alone, as in podman. */
export function authFilePaths(environment: Readonly<Record<string, string | undefined>>): string[] {
  const { REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR, XDG_CONFIG_HOME, DOCKER_CONFIG, HOME } = environment
  if (REGISTRY_AUTH_FILE) return [REGISTRY_AUTH_FILE]
  const config = XDG_CONFIG_HOME || (HOME ? join(HOME, '.config') : undefined)
  return [
    ...(XDG_RUNTIME_DIR ? [join(XDG_RUNTIME_DIR, 'containers/auth.json')] : []),
    ...(config ? [join(config, 'containers/auth.json')] : []),
    ...(DOCKER_CONFIG ? [join(DOCKER_CONFIG, 'config.json')] : []),
    ...(HOME ? [join(HOME, '.docker/config.json')] : []),
  ]
}

async function readAuthFile(path: string): Promise<AuthFile | undefined> {
  try {
    return parseAuthFile(await readFile(path, 'utf8'), path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}

/** @see https://github.com/docker/docker-credential-helpers for the protocol */
async function askHelper(helper: string, server: string): Promise<Credentials | undefined> {
  const program = `docker-credential-${helper}`
  const { exitCode, stdout, stderr } = await runCommand([program, 'get'], {
    input: server,
    timeoutMs: HELPER_TIMEOUT_MS,
  })
  if (exitCode !== 0) {
    const said = `${stdout} ${stderr}`.replace(/\s+/g, ' ').trim()
    // The protocol's own words for "I have none for this server".
    if (/credentials not found/i.test(said)) return undefined
    throw new Failure('ErrImagePull', `ask "${program} get" for ${server}: exit code ${exitCode}: ${said}`)
  }
  return helperAnswer(stdout, program)
}

function helperAnswer(stdout: string, program: string): Credentials | undefined {
  let answer: { Username?: unknown; Secret?: unknown }
  try {
    answer = JSON.parse(stdout) as typeof answer
  } catch {
    // Not passed on as the cause: it would quote what may be a secret.
    throw new Failure('ErrImagePull', `ask "${program} get": its answer is not JSON`)
  }
  const { Username: username, Secret: secret } = answer
  if (typeof username !== 'string' || typeof secret !== 'string' || secret === '') return undefined
  if (username === TOKEN_USERNAME) return { is: 'identity-token', token: secret }
  return { is: 'password', username, password: secret }
}
