import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { Failure, messageOf } from '../../../failure.ts'
import type { KeyPair } from './certificates.ts'
import type { SigningKey } from './service-account-tokens.ts'

const AUTHORITY_DAYS = 3650
const LEAF_DAYS = 365
/** A certificate that ends sooner is made anew when the server starts. */
const RENEW_BEFORE_MS = 60 * 24 * 3600_000

/** What the server shows, and believes. */
export interface AuthorityFiles {
  /** The certificate of the authority, and the key that it signs with, as PEM. */
  readonly authority: string
  readonly authorityKey: string
  readonly server: KeyPair
  /** Of the one who may do everything. */
  readonly admin: KeyPair
  readonly signing: SigningKey
}

export interface AuthorityOptions {
  /** Host names and addresses that the server is reached by. */
  readonly hosts: readonly string[]
  readonly nowMs: number
}

/**
 * The certificates and keys of a server, kept in a directory of mode 0700. What is missing or about to end is made: the
 * authority lasts ten years, what it signs one.
 *
 * @throws Failure StateCorrupt, SetupFailed
 */
export async function openAuthorityFiles(
  directory: string,
  { hosts, nowMs }: AuthorityOptions,
): Promise<AuthorityFiles> {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const authority = await keepPair(directory, 'ca', isFresh(nowMs), async () => {
    const { makeAuthority } = await import('./certificates.ts')
    return makeAuthority('peapod-ca', { nowMs, days: AUTHORITY_DAYS })
  })
  const signedByUs = (pair: KeyPair): boolean =>
    isFresh(nowMs)(pair) && new X509Certificate(pair.cert).verify(createPublicKey(authority.cert))
  const server = await keepPair(
    directory,
    'server',
    (pair) => signedByUs(pair) && namesAll(pair.cert, hosts),
    async () => {
      const { makeCertificate } = await import('./certificates.ts')
      return makeCertificate(authority, {
        subject: { commonName: 'peapod' },
        usage: 'server',
        hosts,
        nowMs,
        days: LEAF_DAYS,
      })
    },
  )
  const admin = await keepPair(directory, 'admin', signedByUs, async () => {
    const { makeCertificate } = await import('./certificates.ts')
    const subject = { commonName: 'kubernetes-admin', organization: 'system:masters' }
    return makeCertificate(authority, { subject, usage: 'client', nowMs, days: LEAF_DAYS })
  })
  return { authority: authority.cert, authorityKey: authority.key, server, admin, signing: keepSigningKey(directory) }
}

async function keepPair(
  directory: string,
  name: string,
  isGood: (pair: KeyPair) => boolean,
  make: () => Promise<KeyPair>,
): Promise<KeyPair> {
  const paths = { cert: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) }
  if (existsSync(paths.cert) && existsSync(paths.key)) {
    const kept = { cert: readFileSync(paths.cert, 'utf8'), key: readFileSync(paths.key, 'utf8') }
    if (isPair(kept, paths.cert) && isGood(kept)) return kept
  }
  const made = await make()
  writePrivately(paths.key, made.key)
  writePrivately(paths.cert, made.cert)
  return made
}

/** A key and a certificate of which only one was written before the machine stopped are no pair. */
function isPair({ cert, key }: KeyPair, path: string): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))
  } catch (cause) {
    throw new Failure(
      'StateCorrupt',
      `read the certificate "${path}" and its key: ${messageOf(cause)}; remove both, they are made anew (after a new ca.crt clients need a new kubeconfig)`,
      { cause },
    )
  }
}

function isFresh(nowMs: number): (pair: KeyPair) => boolean {
  return ({ cert }) => Date.parse(new X509Certificate(cert).validTo) - nowMs > RENEW_BEFORE_MS
}

function namesAll(cert: string, hosts: readonly string[]): boolean {
  const certificate = new X509Certificate(cert)
  return hosts.every(
    (host) => (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined,
  )
}

function keepSigningKey(directory: string): SigningKey {
  const path = join(directory, 'service-accounts.key')
  if (!existsSync(path)) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    writePrivately(path, privateKey.export({ type: 'pkcs8', format: 'pem' }))
  }
  try {
    const privateKey = createPrivateKey(readFileSync(path, 'utf8'))
    return { privateKey, publicKey: createPublicKey(privateKey) }
  } catch (cause) {
    throw new Failure(
      'StateCorrupt',
      `read the key "${path}": ${messageOf(cause)}; remove it, a new one is made (tokens of service accounts end with the old one)`,
      { cause },
    )
  }
}

/** Under its name the file is whole, and never was anybody's but its owner's. */
function writePrivately(path: string, text: string): void {
  const made = `${path}.new`
  writeFileSync(made, text, { mode: 0o600 })
  chmodSync(made, 0o600)
  renameSync(made, path)
}
