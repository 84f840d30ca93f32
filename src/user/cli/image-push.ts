import type { Invocation } from './command.ts'
import { transferImages } from './transfer-images.ts'

export async function imagePush(invocation: Invocation): Promise<number> {
  return transferImages(invocation, async (images, reference, options) => {
    const { digest } = await images.push(reference, options)
    return `pushed ${reference} (${digest})`
  })
}
