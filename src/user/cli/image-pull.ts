import type { Invocation } from './command.ts'
import { transferImages } from './transfer-images.ts'

export async function imagePull(invocation: Invocation): Promise<number> {
  return transferImages(invocation, async (images, reference, options) => {
    const { name, id } = await images.pull(reference, options)
    return `pulled ${name} (${id})`
  })
}
