import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { Failure, messageOf } from '../../../failure.ts'
import type { ClusterEntry, ExecEntry } from './kubeconfig.ts'

/** Who a program says is asking. */
export interface ExecCredential {
  readonly token?: string
  /** PEM. */
  readonly clientCertificateData?: string
  readonly clientKeyData?: string
  /** Absent: as long as this process lives. */
  readonly expiresAtMs?: number
}

export interface ExecOptions {
  readonly user: string
  readonly cluster: ClusterEntry
  /** PEM or absent. */
  readonly authority: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether somebody sits at a terminal who can be asked. */
  readonly isInteractive: boolean
}

const VERSIONS = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1']
/** Somebody may have to log in by a browser meanwhile. */
const LIMIT_MS = 300_000

/**
 * Runs a credential plugin.
 *
 * @throws Failure Unauthorized when it cannot be run, fails, or answers no ExecCredential.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
 */
export async function runCredentialPlugin(exec: ExecEntry, options: ExecOptions): Promise<ExecCredential> {
  const { command = '', args, env, apiVersion = '' } = exec
  const refuse = (why: string, cause?: unknown) =>
    new Failure('Unauthorized', `ask ${JSON.stringify(command)} for the credentials of ${options.user}: ${why}`, {
      cause,
    })
  if (!VERSIONS.includes(apiVersion)) {
    throw refuse(`its apiVersion ${JSON.stringify(apiVersion)} is not known; there is ${VERSIONS[0] ?? ''}`)
  }
  if (exec.interactiveMode === 'Always' && !options.isInteractive) throw refuse('it needs a terminal')
  const added = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]))
  const child = spawn(command, args ?? [], {
    env: { ...options.env, ...added, KUBERNETES_EXEC_INFO: JSON.stringify(execInfo(exec, options)) },
    stdio: [options.isInteractive && exec.interactiveMode !== 'Never' ? 'inherit' : 'ignore', 'pipe', 'inherit'],
    timeout: LIMIT_MS,
  })
  const hint = exec.installHint?.trim() ?? ''
  const [stdout, [code, signal]] = await Promise.all([
    text(child.stdout),
    once(child, 'close') as Promise<[number | null, string | null]>,
  ]).catch((cause: unknown) => {
    throw refuse(`${messageOf(cause)}${hint === '' ? '' : `; ${hint}`}`, cause)
  })
  if (code !== 0) throw refuse(`it ended with ${signal ?? `exit code ${code}`}${hint === '' ? '' : `; ${hint}`}`)
  const answered = parseAnswer(stdout)
  if (answered === undefined) throw refuse('it answered no ExecCredential with a status')
  const { token, clientCertificateData } = answered
  if (!token && !clientCertificateData) throw refuse('it answered neither a token nor a client certificate')
  return answered
}

function execInfo({ apiVersion, provideClusterInfo }: ExecEntry, { cluster, authority, isInteractive }: ExecOptions) {
  const config = cluster.extensions?.find(({ name }) => name === 'client.authentication.k8s.io/exec')?.extension
  const info = {
    server: cluster.server,
    ...(cluster['tls-server-name'] === undefined ? {} : { 'tls-server-name': cluster['tls-server-name'] }),
    ...(cluster['insecure-skip-tls-verify'] === true ? { 'insecure-skip-tls-verify': true } : {}),
    ...(authority === undefined ? {} : { 'certificate-authority-data': Buffer.from(authority).toString('base64') }),
    ...(config === undefined ? {} : { config }),
  }
  return {
    apiVersion,
    kind: 'ExecCredential',
    spec: { interactive: isInteractive, ...(provideClusterInfo === true ? { cluster: info } : {}) },
  }
}

function parseAnswer(text: string): ExecCredential | undefined {
  try {
    const { kind, status } = JSON.parse(text) as {
      kind?: string
      status?: ExecCredential & { expirationTimestamp?: string }
    }
    if (kind !== 'ExecCredential' || status === undefined) return undefined
    const { expirationTimestamp, ...credential } = status
    const expiresAtMs = Date.parse(expirationTimestamp ?? '')
    return Number.isNaN(expiresAtMs) ? credential : { ...credential, expiresAtMs }
  } catch {
    // Told as an answer that is none.
    return undefined
  }
}
