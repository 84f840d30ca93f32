import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { removeTree } from '../linux/remove-tree.ts'
import { digestParts } from './digest.ts'
import type { TempSpace } from './temp-space.ts'

/** Layers as directories, `layers/<hex of the diff ID>/`: unpacked once, shared between images. What is there is whole. */
export interface UnpackedLayers {
  readonly dirOf: (diffId: string) => string
  readonly has: (diffId: string) => boolean
  /** Unpacks a layer, verifies that it is the one, and puts it in place. */
  add(layer: LayerToUnpack, source: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void>
  /** Takes a layer away at once; its files go when `temp` is cleared. */
  moveAway(diffId: string, tempDir: string): Promise<void>
}

interface LayerToUnpack {
  readonly diffId: string
  readonly mediaType: string
}

export function openUnpackedLayers(directory: string, temp: TempSpace): UnpackedLayers {
  const layersDir = join(directory, 'layers')
  mkdirSync(layersDir, { recursive: true, mode: 0o700 })
  const dirOf = (diffId: string) => join(layersDir, digestParts(diffId).hex)
  return { dirOf, has: (diffId) => existsSync(dirOf(diffId)), add, moveAway }

  function add(layer: LayerToUnpack, source: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
    return temp.use(async (tempDir) => {
      const { unpackLayer } = await import('./unpack-layer.ts')
      const targetDir = join(tempDir, `layer-${randomBytes(8).toString('hex')}`)
      await mkdir(targetDir)
      try {
        const { diffId: expectedDiffId, mediaType } = layer
        await unpackLayer(source, { mediaType, targetDir, expectedDiffId, signal })
        await moveIntoPlace(targetDir, dirOf(layer.diffId))
      } catch (error) {
        await removeTree(targetDir)
        throw error
      }
    })
  }

  async function moveAway(diffId: string, tempDir: string): Promise<void> {
    if (!existsSync(dirOf(diffId))) return
    await rename(dirOf(diffId), join(tempDir, `gone-${randomBytes(8).toString('hex')}`))
  }
}

async function moveIntoPlace(targetDir: string, place: string): Promise<void> {
  try {
    await rename(targetDir, place)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
    // Another process was faster: its layer has the same content.
    await removeTree(targetDir)
  }
}
