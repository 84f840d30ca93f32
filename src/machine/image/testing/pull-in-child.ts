import { openImageStore } from '../image-store.ts'

// node pull-in-child.ts <store> <reference>: says "pulling" when it begins, and the ID of the image when it has it.
const [, , directory = '', reference = ''] = process.argv
const store = await openImageStore(directory)
process.stdout.write('pulling\n')
const image = await store.pull(reference, { signal: AbortSignal.timeout(60_000) })
process.stdout.write(`${image.id}\n`)
