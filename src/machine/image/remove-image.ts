import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { StoreParts } from './add-image.ts'
import { type ContentList, contentBetween, contentOf, type ImageIndex } from './image-index.ts'
import type { IndexChange } from './image-index-file.ts'
import { planPrune, type PlannedRemoval, planRemoval, planRemovalOf, type Removal } from './image-removal.ts'

export interface RemovalOptions {
  /** IDs of images that containers stand on. */
  readonly inUse: () => Promise<ReadonlySet<string>>
  readonly signal: AbortSignal
}

interface SweepOptions extends RemovalOptions {
  /** Of the store: content that belongs to no image goes too; absent: it is left alone. */
  readonly sweptDirectory?: string | undefined
}

/** Takes off a name, or removes an image and what only it needs. @throws Failure NotFound | Conflict | ImageInUse */
export function removeImage(
  nameOrId: string,
  parts: StoreParts,
  options: RemovalOptions & { readonly force: boolean },
): Promise<Removal> {
  const { force } = options
  return remove(parts, options, (index, inUse) => planRemoval(index, nameOrId, { force, inUse }))
}

/** Removes images that nobody needs. */
export function pruneImages(which: 'dangling' | 'all', parts: StoreParts, options: SweepOptions): Promise<Removal> {
  return remove(parts, options, (index, inUse) => planPrune(index, which, inUse))
}

/** Removes these images, but for those that a container stands on by now. */
export function removeImages(ids: ReadonlySet<string>, parts: StoreParts, options: SweepOptions): Promise<Removal> {
  return remove(parts, options, (index, inUse) => planRemovalOf(index, ids, inUse))
}

type Plan = (index: ImageIndex, inUse: ReadonlySet<string>) => PlannedRemoval

/**
 * Whoever is about to use an image notes that first, and looks for the image after that. So either he finds that it is
 * gone, or his note is found here once it is gone from the index: then it comes back, before any of its content goes.
 */
function remove(parts: StoreParts, options: SweepOptions, plan: Plan): Promise<Removal> {
  return parts.indexFile.update(options.signal, async (index): Promise<IndexChange<Removal>> => {
    const planned = plan(index, await options.inUse())
    return {
      index: planned.index,
      result: planned,
      async afterwards({ tempDir, put }) {
        const final = await replan(index, planned, { options, plan, put })
        const before =
          options.sweptDirectory === undefined ? contentOf(index) : contentOnDisk(options.sweptDirectory, index)
        const gone = contentBetween(before, contentOf(final.index))
        for (const digest of gone.blobs) await parts.content.remove(digest)
        for (const diffId of gone.diffIds) await parts.layers.moveAway(diffId, tempDir)
        const { untagged, deleted } = final
        return { untagged, deleted }
      },
    }
  })
}

async function replan(
  index: ImageIndex,
  planned: PlannedRemoval,
  { options, plan, put }: { options: RemovalOptions; plan: Plan; put: (index: ImageIndex) => Promise<void> },
): Promise<PlannedRemoval> {
  if (planned.deleted.length === 0) return planned
  const inUse = await options.inUse()
  if (!planned.deleted.some((id) => inUse.has(id))) return planned
  // What the plan says of it now may be that nothing may go.
  await put(index)
  const again = plan(index, inUse)
  await put(again.index)
  return again
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
