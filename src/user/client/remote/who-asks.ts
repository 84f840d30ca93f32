import { readFile } from 'node:fs/promises'
import { Failure, messageOf } from '../../../failure.ts'
import type { ClusterEntry, UserEntry } from './kubeconfig.ts'
import { runCredentialPlugin, type ExecCredential, type ExecOptions } from './exec-credential.ts'

/** What a server recognizes a client by. */
export interface Identity {
  /** PEM. */
  readonly certificate?: string
  readonly key?: string
  readonly headers: Readonly<Record<string, string | readonly string[]>>
}

/** Files with tokens are written anew from time to time. */
const TOKEN_FILE_LIFE_MS = 60_000
/** So that a request does not arrive with what has just expired. */
const EXPIRY_MARGIN_MS = 10_000

/** One user of a kubeconfig, from whom requests come. */
export class WhoAsks {
  readonly #user: UserEntry
  readonly #options: Omit<ExecOptions, 'cluster'> & { readonly cluster: ClusterEntry; readonly nowMs: () => number }
  #known: { readonly identity: Promise<Identity>; untilMs: number } | undefined

  constructor(user: UserEntry, options: ExecOptions & { readonly nowMs: () => number }) {
    this.#user = user
    this.#options = options
  }

  /** The same one as long as it is good. @throws Failure UsageError, Unauthorized */
  identity(): Promise<Identity> {
    const { nowMs } = this.#options
    if (this.#known !== undefined && nowMs() < this.#known.untilMs) return this.#known.identity
    const found = this.#find()
    const known = {
      identity: found.then(({ identity }) => identity),
      untilMs: Infinity,
    }
    this.#known = known
    // What fails now may not fail the next time.
    found.then(
      ({ untilMs }) => (known.untilMs = untilMs),
      () => (known.untilMs = -Infinity),
    )
    return known.identity
  }

  /** @returns whether asking again may bring another identity. */
  renew(): boolean {
    const mayChange = this.#user.exec !== undefined || this.#user.tokenFile !== undefined
    if (mayChange) this.#known = undefined
    return mayChange
  }

  async #find(): Promise<{ readonly identity: Identity; readonly untilMs: number }> {
    const { exec, tokenFile, token, username, password = '' } = this.#user
    const certificate = await pemOf(this.#user, 'client-certificate')
    const key = await pemOf(this.#user, 'client-key')
    const own = { ...(certificate === undefined || key === undefined ? {} : { certificate, key }) }
    const headers = impersonation(this.#user)
    // As kubectl: the file counts more than the token beside it, and both more than a program.
    if (tokenFile) {
      const written = (await readText(tokenFile)).trim()
      const identity = { ...own, headers: { ...headers, ...bearer(written) } }
      return { identity, untilMs: this.#options.nowMs() + TOKEN_FILE_LIFE_MS }
    }
    if (token) return { identity: { ...own, headers: { ...headers, ...bearer(token) } }, untilMs: Infinity }
    if (username) {
      const basic = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
      return { identity: { ...own, headers: { ...headers, authorization: basic } }, untilMs: Infinity }
    }
    if (exec) return fromPlugin(await runCredentialPlugin(exec, this.#options), { ...own, headers })
    return { identity: { ...own, headers }, untilMs: Infinity }
  }
}

function fromPlugin(credential: ExecCredential, own: Identity) {
  const { token, clientCertificateData: certificate, clientKeyData: key, expiresAtMs = Infinity } = credential
  const identity: Identity = {
    ...own,
    ...(certificate === undefined || key === undefined ? {} : { certificate, key }),
    headers: { ...own.headers, ...(token ? bearer(token) : {}) },
  }
  return { identity, untilMs: expiresAtMs - EXPIRY_MARGIN_MS }
}

/** What stands in the entry itself counts more than a file. */
export async function pemOf<Name extends string>(
  entry: { readonly [Field in Name | `${Name}-data`]?: string },
  name: Name,
): Promise<string | undefined> {
  const data = (entry as Readonly<Record<string, string | undefined>>)[`${name}-data`]
  if (data) return Buffer.from(data, 'base64').toString('utf8')
  const file = (entry as Readonly<Record<string, string | undefined>>)[name]
  return file ? readText(file) : undefined
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new Failure('UsageError', `read ${JSON.stringify(file)}, which the kubeconfig names: ${messageOf(cause)}`, {
      cause,
    })
  }
}

function bearer(token: string): { readonly authorization: string } {
  return { authorization: `Bearer ${token}` }
}

function impersonation(user: UserEntry): Identity['headers'] {
  return {
    ...(user.as ? { 'impersonate-user': user.as } : {}),
    ...(user['as-uid'] ? { 'impersonate-uid': user['as-uid'] } : {}),
    ...(user['as-groups']?.length ? { 'impersonate-group': user['as-groups'] } : {}),
  }
}
