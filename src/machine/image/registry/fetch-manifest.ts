import { digestOf, digestParts, parseDigest } from '../digest.ts'
import { ACCEPTED_MANIFESTS } from '../media-types.ts'
import { readLimited } from './read-limited.ts'
import type { RegistryConnection } from './registry-connection.ts'
import { answerError, ProtocolError } from './registry-error.ts'

/** More than any true manifest; what registries themselves accept. */
export const MOST_MANIFEST_BYTES = 4 * 1024 * 1024

export interface FetchedManifest {
  readonly digest: string
  readonly bytes: Buffer
  /** Content-Type of the answer. */
  readonly mediaType: string | undefined
}

/** @param tagOrDigest a manifest asked for by digest has that digest, or is refused. */
export async function fetchManifest(
  connection: RegistryConnection,
  manifest: { readonly repository: string; readonly tagOrDigest: string },
  signal: AbortSignal,
): Promise<FetchedManifest> {
  const { repository, tagOrDigest } = manifest
  const answer = await connection.request({
    method: 'GET',
    path: `${repository}/manifests/${tagOrDigest}`,
    headers: { accept: ACCEPTED_MANIFESTS },
    signal,
  })
  if (answer.status !== 200) throw await answerError(connection.host, answer)
  const bytes = await readLimited(answer, MOST_MANIFEST_BYTES, `manifest of ${repository}:${tagOrDigest}`)
  const announced = answer.headers['docker-content-digest']
  const promised = parseDigest(tagOrDigest) === undefined ? announced : tagOrDigest
  const digest = verifiedDigest(bytes, typeof promised === 'string' ? promised : undefined, connection.host)
  return { digest, bytes, mediaType: answer.headers['content-type'] }
}

function verifiedDigest(bytes: Buffer, promised: string | undefined, host: string): string {
  const algorithm = promised === undefined ? 'sha256' : digestParts(promised).algorithm
  const digest = digestOf(bytes, algorithm)
  if (promised === undefined || promised === digest) return digest
  throw new ProtocolError(`digest mismatch: ${host} sent a manifest of the digest ${digest} for ${promised}`)
}
