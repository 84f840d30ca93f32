import { join } from 'node:path'
import { makeBuiltIn } from '../src/machine/image/builtin-image.ts'
import { openImageStore } from '../src/machine/image/image-store.ts'
import { IMAGE } from './reference-pod.ts'
import type { Workbench } from './workbench.ts'

/** The unpacked layer of the image that all pods here run, in peapod's own store: one directory for all contenders. */
export async function busyboxLayer(bench: Workbench): Promise<string> {
  const images = await openImageStore(join(bench.stateDirectory, 'images'), { makeBuiltIn })
  const [layer, ...others] = (await images.find(IMAGE))?.layerDirs ?? []
  if (layer === undefined || others.length > 0) throw new Error(`${IMAGE} is not made of one layer`)
  return layer
}
