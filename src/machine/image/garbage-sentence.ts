import type { ImageGarbagePolicy } from './compute-image-garbage.ts'

interface CollectedGarbage {
  /** IDs of the images that are gone. */
  readonly deleted: readonly string[]
  readonly usedPercent: number
  /** How much more should be free; the images that are left are needed. */
  readonly missingBytes: number
}

/** What to tell of unused images that were removed: one line, '' when there is nothing to tell. */
export function garbageSentence(collected: CollectedGarbage, policy: ImageGarbagePolicy): string {
  const { deleted, missingBytes, usedPercent } = collected
  const images = deleted.length === 1 ? '1 unused image' : `${deleted.length} unused images`
  const removed = deleted.length === 0 ? '' : `removed ${images}; the disk is ${usedPercent} % full now`
  if (missingBytes === 0) return removed
  const wish = `the disk of the images is ${usedPercent} % full, and should be ${policy.lowThresholdPercent} %`
  const rest = `${Math.ceil(missingBytes / 1024 ** 2)} MiB more have to go, and no image is left that no pod needs`
  return [removed, `FreeDiskSpaceFailed: ${wish}: ${rest}`].filter((part) => part !== '').join('. ')
}
