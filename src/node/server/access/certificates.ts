import 'reflect-metadata'
import { createHash, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import * as x509 from '@peculiar/x509'

/** ECDSA on P-256: keys are made in a millisecond, and every TLS library since 2010 knows it. */
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const DAY_MS = 24 * 3600_000
/** A clock that lags behind must not find a certificate that is not valid yet. */
const SLACK_MS = 3600_000

/** A certificate and its private key, both as PEM. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

interface Subject {
  readonly commonName: string
  /** For clients: the groups. */
  readonly organization?: string
}

/** A certificate authority, which signs itself. */
export async function makeAuthority(commonName: string, { nowMs, days }: Validity): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: nameOf({ commonName }),
    ...validity({ nowMs, days }),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { cert: cert.toString('pem'), key: await pemOf(keys.privateKey) }
}

export interface Validity {
  readonly nowMs: number
  readonly days: number
}

export interface LeafOptions extends Validity {
  readonly subject: Subject
  readonly usage: 'server' | 'client'
  /** Host names and addresses that a server is reached by. */
  readonly hosts?: readonly string[]
}

/** A certificate that the authority signs. */
export async function makeCertificate(authority: KeyPair, options: LeafOptions): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const issuer = new x509.X509Certificate(authority.cert)
  const der = x509.PemConverter.decodeFirst(authority.key)
  const signingKey = await webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign'])
  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage
  const names = (options.hosts ?? []).map((host): { type: 'ip' | 'dns'; value: string } => ({
    type: isIP(host) === 0 ? 'dns' : 'ip',
    value: host,
  }))
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: nameOf(options.subject),
    issuer: issuer.subjectName.toString(),
    ...validity(options),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([options.usage === 'server' ? serverAuth : clientAuth]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
    ],
  })
  return { cert: cert.toString('pem'), key: await pemOf(keys.privateKey) }
}

function nameOf({ commonName, organization }: Subject): string {
  const parts = [{ CN: [commonName] }, ...(organization === undefined ? [] : [{ O: [organization] }])]
  return new x509.Name(parts).toString()
}

function validity({ nowMs, days }: Validity): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(nowMs - SLACK_MS), notAfter: new Date(nowMs + days * DAY_MS) }
}

/** 16 random bytes; the first bit is 0, since the number must be positive. */
function serialNumber(): string {
  const bytes = createHash('sha256')
    .update(webcrypto.getRandomValues(new Uint8Array(32)))
    .digest()
    .subarray(0, 16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes.toString('hex')
}

async function pemOf(privateKey: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', privateKey), 'PRIVATE KEY')
}
