import { statfs } from 'node:fs/promises'
import { basename } from 'node:path'
import { messageOf } from '../../failure.ts'
import { runCommand } from '../process/run-command.ts'
import type { StoreParts } from './add-image.ts'
import {
  computeImageGarbage,
  type DiskUsage,
  type ImageGarbagePolicy,
  type ImageOnDisk,
  usedPercent,
} from './compute-image-garbage.ts'
import { garbageSentence } from './garbage-sentence.ts'
import { type ImageRecord, recordsById } from './image-index.ts'
import type { ImageUses } from './image-uses.ts'
import { removeImages } from './remove-image.ts'
import type { TempSpace } from './temp-space.ts'

export interface GarbageCollection {
  readonly policy: ImageGarbagePolicy
  readonly parts: StoreParts
  readonly uses: ImageUses
  readonly temp: TempSpace
  /** Of the store. */
  readonly directory: string
  readonly inUse: () => Promise<ReadonlySet<string>>
  readonly nowMs: () => number
  readonly signal: AbortSignal
}

/**
 * Takes images away by the policy, and before them what belongs to no image.
 *
 * @returns what there is to tell of it, what kept it from being done included; '' for nothing.
 */
export async function collectImageGarbage(collection: GarbageCollection): Promise<string> {
  try {
    return await collect(collection)
  } catch (error) {
    if (collection.signal.aborted) throw error
    return `collect unused images: ${messageOf(error)}`
  }
}

async function collect(collection: GarbageCollection): Promise<string> {
  const { policy, parts, uses, directory } = collection
  const inUse = await collection.inUse()
  const nowMs = collection.nowMs()
  for (const id of inUse) uses.note(id, nowMs)
  const isFull = isOver(await diskUsage(directory), policy)
  if (!isFull && policy.maximumAgeMs === 0) return ''
  if (isFull) await sweep(collection)
  const disk = await diskUsage(directory)
  const { ids, missingBytes } = computeImageGarbage(await imagesOnDisk(collection, inUse), { disk, policy, nowMs })
  const deleted = ids.length === 0 ? [] : (await removeImages(new Set(ids), parts, collection)).deleted
  await uses.keepOnly(new Set(Object.values(parts.indexFile.read().records).map(({ id }) => id)))
  return garbageSentence({ deleted, missingBytes, usedPercent: usedPercent(await diskUsage(directory)) }, policy)
}

function isOver(disk: DiskUsage, { highThresholdPercent }: ImageGarbagePolicy): boolean {
  return highThresholdPercent < 100 && usedPercent(disk) >= highThresholdPercent
}

/** Removes content of no image, but for what may be half of one that is coming. */
async function sweep({ temp, parts, directory, inUse, signal }: GarbageCollection): Promise<void> {
  if (await temp.isInUse()) return
  await temp.removePartials()
  await removeImages(new Set(), parts, { inUse, sweptDirectory: directory, signal })
}

async function diskUsage(directory: string): Promise<DiskUsage> {
  const { blocks, bavail, bsize } = await statfs(directory)
  return { capacityBytes: blocks * bsize, availableBytes: bavail * bsize }
}

async function imagesOnDisk(
  { parts, uses }: GarbageCollection,
  inUse: ReadonlySet<string>,
): Promise<readonly ImageOnDisk[]> {
  const byId = [...recordsById(parts.indexFile.read())]
  const directories = byId.flatMap(([, records]) => records.flatMap((record) => layerDirs(record, parts)))
  const unpackedBytes = await measure([...new Set(directories)])
  return byId.map(([id, records]) => ({
    id,
    inUse: inUse.has(id),
    neededAtMs: uses.lastMs(id),
    content: records.flatMap((record) => [
      { name: record.manifest.digest, sizeBytes: record.manifest.sizeBytes },
      { name: record.id, sizeBytes: record.configSizeBytes },
      ...record.layers.map(({ digest, sizeBytes }) => ({ name: digest, sizeBytes })),
      ...layerDirs(record, parts).map((directory) => ({
        name: directory,
        sizeBytes: unpackedBytes.get(basename(directory)) ?? 0,
      })),
    ]),
  }))
}

function layerDirs(record: ImageRecord, { layers }: StoreParts): readonly string[] {
  return record.layers.map(({ diffId }) => layers.dirOf(diffId))
}

/** @returns bytes by the names of the directories. One that is gone meanwhile, or can't be read, counts nothing. */
async function measure(directories: readonly string[]): Promise<ReadonlyMap<string, number>> {
  if (directories.length === 0) return new Map()
  const { stdout } = await runCommand(['du', '-sk', '--', ...directories])
  const lines = stdout.split('\n').map((line) => /^(\d+)\t(.*)$/.exec(line))
  return new Map(lines.map((line) => [basename(line?.[2] ?? ''), Number(line?.[1] ?? 0) * 1024]))
}
