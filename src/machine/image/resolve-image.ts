import { Failure } from '../../failure.ts'
import type { ContentStore } from './content-store.ts'
import { type Manifest, parseManifest } from './image-manifest.ts'
import { choosePlatform, type Platform, printPlatform } from './platform.ts'
import { type ImageReference, printReference } from './reference.ts'
import { fetchManifest, type FetchedManifest } from './registry/fetch-manifest.ts'
import type { RegistryConnection } from './registry/registry-connection.ts'
import { type Refusal, RefusedByAll } from './registry/registry-error.ts'
import { type RetryOptions, withRetry } from './registry/retry.ts'

/** An index of indexes exists; deeper ones are somebody's joke. */
const DEEPEST_INDEX = 3

export interface ResolvedImage {
  /** Whoever answered, then those who were not asked. */
  readonly connections: readonly RegistryConnection[]
  /** What the reference stands for: a manifest, or an index of several platforms. */
  readonly topDigest: string
  readonly digest: string
  readonly bytes: Buffer
  readonly manifest: Manifest & { readonly is: 'image' }
}

export interface ResolveOptions {
  readonly connections: readonly RegistryConnection[]
  readonly platform: Platform
  readonly content: ContentStore
  readonly retry: RetryOptions
}

/** Asks registries what a reference stands for on this platform. Writes nothing. */
export async function resolveImage(reference: ImageReference, options: ResolveOptions): Promise<ResolvedImage> {
  const what = `manifest of ${printReference(reference)}`
  const tagOrDigest = reference.digest ?? reference.tag ?? 'latest'
  const top = await withRetry(() => fetchFromAny(reference.repository, tagOrDigest, options), options.retry)
  let { fetched } = top
  let manifest = parseManifest(fetched.bytes, what, fetched.mediaType)
  for (let depth = 0; manifest.is === 'index'; depth += 1) {
    if (depth === DEEPEST_INDEX) throw new Failure('ErrImagePull', `read the ${what}: indexes within indexes`)
    const { digest } = entryFor(manifest, options.platform, reference)
    fetched = await fetchKnown(reference.repository, digest, { ...options, connections: top.connections })
    manifest = parseManifest(fetched.bytes, what, fetched.mediaType)
  }
  const { digest, bytes } = fetched
  return { connections: top.connections, topDigest: top.fetched.digest, digest, bytes, manifest }
}

function entryFor(index: Manifest & { readonly is: 'index' }, platform: Platform, reference: ImageReference) {
  const entry = choosePlatform(index.entries, platform)
  if (entry !== undefined) return entry
  const offered = index.entries.map((one) => (one.platform === undefined ? 'unnamed' : printPlatform(one.platform)))
  throw new Failure(
    'ErrImagePull',
    `no match for platform ${printPlatform(platform)} in the index of ${printReference(reference)}: ` +
      `it offers ${offered.length === 0 ? 'no image' : [...new Set(offered)].join(', ')}`,
  )
}

/** A manifest whose digest is known may be here already. */
async function fetchKnown(repository: string, digest: string, options: ResolveOptions): Promise<FetchedManifest> {
  if (await options.content.has(digest)) {
    const bytes = Buffer.concat(await options.content.read(digest).toArray())
    return { digest, bytes, mediaType: undefined }
  }
  const { fetched } = await withRetry(() => fetchFromAny(repository, digest, options), {
    ...options.retry,
    wasReached: true,
  })
  return fetched
}

async function fetchFromAny(
  repository: string,
  tagOrDigest: string,
  options: ResolveOptions,
): Promise<{ fetched: FetchedManifest; connections: readonly RegistryConnection[] }> {
  const refusals: Refusal[] = []
  for (const [index, connection] of options.connections.entries()) {
    try {
      const fetched = await fetchManifest(connection, { repository, tagOrDigest }, options.retry.signal)
      return { fetched, connections: options.connections.slice(index) }
    } catch (error) {
      if (options.retry.signal.aborted) throw error
      refusals.push({ host: connection.host, error })
    }
  }
  throw new RefusedByAll(refusals)
}
