import { createHash, type Hash } from 'node:crypto'
import { Failure } from '../../failure.ts'

/** A blob as a manifest names it. */
export interface BlobInfo {
  /** `sha256:<hex>` or `sha512:<hex>` */
  readonly digest: string
  readonly sizeBytes: number
}

const HEX_LENGTH = { sha256: 64, sha512: 128 } as const

export type DigestAlgorithm = keyof typeof HEX_LENGTH

export interface DigestParts {
  readonly algorithm: DigestAlgorithm
  readonly hex: string
}

/** The parts of `sha256:…` or `sha512:…`, or undefined for anything else. What it accepts is safe as a file name. */
export function parseDigest(text: string): DigestParts | undefined {
  const [algorithm, hex, ...rest] = text.split(':')
  if (algorithm !== 'sha256' && algorithm !== 'sha512') return undefined
  if (hex?.length !== HEX_LENGTH[algorithm] || rest.length > 0 || !/^[0-9a-f]+$/.test(hex)) return undefined
  return { algorithm, hex }
}

/** @throws Failure ErrImagePull for what is no digest. */
export function digestParts(digest: string): DigestParts {
  const parts = parseDigest(digest)
  if (parts !== undefined) return parts
  throw new Failure('ErrImagePull', `read the digest "${digest}": expected sha256:<64 hex digits> or sha512:<128>`)
}

/** The digest of bytes, by the algorithm of another digest where one is to be compared with. */
export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): string {
  return finishDigest(createHash(algorithm).update(bytes), algorithm)
}

export function finishDigest(hash: Hash, algorithm: DigestAlgorithm): string {
  return `${algorithm}:${hash.digest('hex')}`
}
