import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import { Failure } from '../../failure.ts'
import type { ContentStore } from './content-store.ts'
import { type BlobInfo, finishDigest } from './digest.ts'
import { invalidArchive, nameAsText, quoteName } from './tar-entry.ts'
import { readTarMembers, type TarMember } from './tar-members.ts'

export type ArchiveContent = Pick<ContentStore, 'has' | 'write' | 'read' | 'remove'>

/** What an image archive holds: its documents in memory, everything else in the content store. */
export interface ArchiveFiles {
  /** index.json, manifest.json, oci-layout: by name. */
  readonly documents: ReadonlyMap<string, Buffer>
  /** The blob that a path of the archive stands for, links followed. */
  readonly blobAt: (path: string) => BlobInfo | undefined
}

const DOCUMENTS: ReadonlySet<string> = new Set(['index.json', 'manifest.json', 'oci-layout'])
const LARGEST_DOCUMENT_BYTES = 16 * 1024 * 1024
/** What `docker save` before version 25 adds for Docker before 1.10. */
const OUTDATED = /^(?:repositories|(?:.*\/)?(?:VERSION|json))$/
const BLOB_PATH = /^blobs\/(sha256|sha512)\/([0-9a-f]{64,128})$/
const NAMED_BY_DIGEST = /^([0-9a-f]{64})\.json$/
const MOST_LINKS = 8

/**
 * Reads an uncompressed image archive to its end. Files whose names are digests are verified.
 *
 * @param written gets the digest of each new blob as soon as it is in the store, also when the rest fails.
 * @throws Failure ImageArchiveInvalid
 */
export async function readArchiveFiles(
  source: AsyncIterable<Uint8Array>,
  content: ArchiveContent,
  written: string[],
): Promise<ArchiveFiles> {
  const documents = new Map<string, Buffer>()
  const blobs = new Map<string, BlobInfo>()
  const links = new Map<string, string>()
  for await (const member of readTarMembers(source)) {
    const path = posix.normalize(nameAsText(member.entry.name)).replace(/^\//, '')
    const target = nameAsText(member.entry.linkName)
    if (member.entry.type === 'symlink') links.set(path, posix.join(posix.dirname(path), target))
    else if (member.entry.type === 'hard-link') links.set(path, posix.normalize(target))
    else if (member.entry.type !== 'file' || OUTDATED.test(path)) continue
    else if (DOCUMENTS.has(path)) documents.set(path, await readDocument(member))
    else blobs.set(path, await storeBlob(path, member, { content, written }))
  }
  const blobAt = (path: string): BlobInfo | undefined => {
    let at = posix.normalize(path)
    for (let followed = 0; followed < MOST_LINKS && !blobs.has(at); followed += 1) at = links.get(at) ?? at
    return blobs.get(at)
  }
  return { documents, blobAt }
}

async function readDocument({ entry, content }: TarMember): Promise<Buffer> {
  if (entry.sizeBytes > LARGEST_DOCUMENT_BYTES) {
    throw invalidArchive(
      `entry ${quoteName(entry.name)}: it has ${entry.sizeBytes} bytes, absurdly many for what it is`,
    )
  }
  const chunks: Buffer[] = []
  for await (const chunk of content) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function storeBlob(
  path: string,
  { entry, content }: TarMember,
  to: { readonly content: ArchiveContent; readonly written: string[] },
): Promise<BlobInfo> {
  const digest = digestInName(path)
  if (digest !== undefined && (await to.content.has(digest))) return { digest, sizeBytes: entry.sizeBytes }
  try {
    const expected = { sizeBytes: entry.sizeBytes, ...(digest === undefined ? {} : { digest }) }
    return await to.content.write(noticingNew(content, to), expected)
  } catch (error) {
    if (!(error instanceof Failure) || error.reason === 'ImageArchiveInvalid') throw error
    throw invalidArchive(`entry ${quoteName(entry.name)}: ${error.message}`, error)
  }
}

/** A blob without its digest in its name may be in the store already: who cleans up must not take it away. */
async function* noticingNew(
  source: AsyncIterable<Buffer>,
  to: { readonly content: ArchiveContent; readonly written: string[] },
): AsyncGenerator<Buffer, void, void> {
  const hash = createHash('sha256')
  for await (const chunk of source) {
    hash.update(chunk)
    yield chunk
  }
  // The store puts a blob in place after its source has ended.
  const digest = finishDigest(hash, 'sha256')
  if (!(await to.content.has(digest))) to.written.push(digest)
}

function digestInName(path: string): string | undefined {
  const blob = BLOB_PATH.exec(path)
  if (blob !== null) return `${blob[1] ?? ''}:${blob[2] ?? ''}`
  const config = NAMED_BY_DIGEST.exec(path)
  return config === null ? undefined : `sha256:${config[1] ?? ''}`
}
