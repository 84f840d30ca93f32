import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { StoreParts } from './add-image.ts'
import { type ContentList, contentBetween, contentOf, type ImageIndex } from './image-index.ts'
import type { IndexChange } from './image-index-file.ts'
import { planPrune, type PlannedRemoval, planRemoval, type Removal } from './image-removal.ts'

export interface RemovalOptions {
  /** IDs of images that containers stand on. */
  readonly inUse: ReadonlySet<string>
  readonly signal: AbortSignal
}

/** Takes off a name, or removes an image and what only it needs. @throws Failure NotFound | Conflict | ImageInUse */
export function removeImage(
  nameOrId: string,
  parts: StoreParts,
  options: RemovalOptions & { readonly force: boolean },
): Promise<Removal> {
  return parts.indexFile.update(options.signal, (index) => {
    const planned = planRemoval(index, nameOrId, options)
    return Promise.resolve(change(planned, contentBetween(contentOf(index), contentOf(planned.index)), parts))
  })
}

/**
 * Removes images that nobody needs.
 *
 * @param options.directory of the store: content that belongs to no image goes too; undefined leaves it alone.
 */
export function pruneImages(
  which: 'dangling' | 'all',
  parts: StoreParts,
  options: RemovalOptions & { readonly directory: string | undefined },
): Promise<Removal> {
  return parts.indexFile.update(options.signal, (index) => {
    const planned = planPrune(index, which, options.inUse)
    const before = options.directory === undefined ? contentOf(index) : contentOnDisk(options.directory, index)
    return Promise.resolve(change(planned, contentBetween(before, contentOf(planned.index)), parts))
  })
}

function change(
  { index, untagged, deleted }: PlannedRemoval,
  gone: ContentList,
  parts: StoreParts,
): IndexChange<Removal> {
  return {
    index,
    result: { untagged, deleted },
    afterwards: async (tempDir) => {
      for (const digest of gone.blobs) await parts.content.remove(digest)
      for (const diffId of gone.diffIds) await parts.layers.moveAway(diffId, tempDir)
    },
  }
}

/** Everything that lies there, and everything that should. */
function contentOnDisk(directory: string, index: ImageIndex): ContentList {
  const known = contentOf(index)
  const blobs = readdirSync(join(directory, 'blobs')).flatMap((algorithm) =>
    readdirSync(join(directory, 'blobs', algorithm)).map((hex) => `${algorithm}:${hex}`),
  )
  const layers = readdirSync(join(directory, 'layers')).map(
    (hex) => `${hex.length === 64 ? 'sha256' : 'sha512'}:${hex}`,
  )
  return { blobs: new Set([...known.blobs, ...blobs]), diffIds: new Set([...known.diffIds, ...layers]) }
}
