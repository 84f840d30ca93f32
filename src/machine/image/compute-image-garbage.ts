/** When images go by themselves, and which: the kubelet's imageGC… settings. */
export interface ImageGarbagePolicy {
  /** Of the disk: from here on unused images go. 100: none ever does for want of room. */
  readonly highThresholdPercent: number
  /** They go until no more than this is taken. */
  readonly lowThresholdPercent: number
  /** One that came, or was used, more recently than this stays in any case. */
  readonly minimumAgeMs: number
  /** One that was not used for longer than this goes, however much room there is; 0: it may stay for ever. */
  readonly maximumAgeMs: number
}

/** As a Kubernetes node has it by default. */
export const DEFAULT_IMAGE_GARBAGE_POLICY: ImageGarbagePolicy = {
  highThresholdPercent: 85,
  lowThresholdPercent: 80,
  minimumAgeMs: 120_000,
  maximumAgeMs: 0,
}

export interface DiskUsage {
  readonly capacityBytes: number
  /** To programs of any user: what is held back for root does not count. */
  readonly availableBytes: number
}

export interface ImageOnDisk {
  readonly id: string
  /** A container stands on it. */
  readonly inUse: boolean
  /** When it came or was used last, whichever is later. */
  readonly neededAtMs: number
  /** Its blobs and unpacked layers. Several images may have the same ones: the last of them to go frees their room. */
  readonly content: readonly ContentSize[]
}

interface ContentSize {
  readonly name: string
  readonly sizeBytes: number
}

export interface ImageGarbage {
  /** In the order in which they go. */
  readonly ids: readonly string[]
  /** What the disk should have free, and will not have when they are gone. */
  readonly missingBytes: number
}

/** How much of a disk is taken, rounded up to whole percent, as the kubelet counts. */
export function usedPercent({ capacityBytes, availableBytes }: DiskUsage): number {
  return 100 - Math.floor((availableBytes * 100) / capacityBytes)
}

/**
 * Which images are to go: those that were not needed for longest first, until there is room; never one in use, nor one
 * that was needed within the minimum age.
 */
export function computeImageGarbage(
  images: readonly ImageOnDisk[],
  { disk, policy, nowMs }: { readonly disk: DiskUsage; readonly policy: ImageGarbagePolicy; readonly nowMs: number },
): ImageGarbage {
  const holders = countHolders(images)
  const ids: string[] = []
  let missingBytes = bytesToFree(disk, policy)
  const candidates = images
    .filter(({ inUse, neededAtMs }) => !inUse && nowMs - neededAtMs >= policy.minimumAgeMs)
    .toSorted((one, other) => one.neededAtMs - other.neededAtMs)
  for (const image of candidates) {
    const isOverAge = policy.maximumAgeMs > 0 && nowMs - image.neededAtMs > policy.maximumAgeMs
    if (missingBytes <= 0 && !isOverAge) continue
    ids.push(image.id)
    missingBytes -= freedWith(image, holders)
  }
  return { ids, missingBytes: Math.max(0, missingBytes) }
}

function bytesToFree(disk: DiskUsage, policy: ImageGarbagePolicy): number {
  // A full disk is at 100 percent: at that threshold the kubelet collects nothing either.
  if (policy.highThresholdPercent >= 100 || usedPercent(disk) < policy.highThresholdPercent) return 0
  return Math.floor((disk.capacityBytes * (100 - policy.lowThresholdPercent)) / 100) - disk.availableBytes
}

/** How many images have each piece of content. */
function countHolders(images: readonly ImageOnDisk[]): Map<string, number> {
  const holders = new Map<string, number>()
  for (const { content } of images) {
    for (const name of new Set(content.map((piece) => piece.name))) holders.set(name, (holders.get(name) ?? 0) + 1)
  }
  return holders
}

/** Takes the image out of the count. @returns the bytes that nobody has any more. */
function freedWith({ content }: ImageOnDisk, holders: Map<string, number>): number {
  let freedBytes = 0
  for (const [name, sizeBytes] of new Map(content.map((piece) => [piece.name, piece.sizeBytes]))) {
    const left = (holders.get(name) ?? 0) - 1
    holders.set(name, left)
    if (left === 0) freedBytes += sizeBytes
  }
  return freedBytes
}
