import { Readable, type Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { messageOf } from '../../failure.ts'
import { invalidArchive } from './tar-entry.ts'

type Compression = 'gzip' | 'zstd' | 'none'

/** Node's default of 16 KiB costs a thread's round trip for each; this size is as fast as larger ones. */
const OUTPUT_CHUNK_BYTES = 256 * 1024
const LONGEST_MAGIC_BYTES = 4

/**
 * The uncompressed bytes of a stream that is gzip (of any number of members), zstd (of any number of frames) or neither,
 * told by its first bytes: what media types and file names say is wrong too often.
 *
 * @throws Failure ImageArchiveInvalid for damaged or truncated data; what the source throws, as it is.
 */
export async function* decompress(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const iterator = source[Symbol.asyncIterator]()
  const head = await readHead(iterator)
  const whole = replay(head, iterator)
  const compression = compressionOf(Buffer.concat(head))
  if (compression === 'none') yield* whole
  else yield* throughDecoder(whole, compression)
}

/** Which compression the first four bytes of a stream tell. */
export function compressionOf(head: Uint8Array): Compression {
  const [first, second, third, fourth] = head
  if (first === 0x1f && second === 0x8b) return 'gzip'
  const isZstdEnd = second === 0xb5 && third === 0x2f && fourth === 0xfd
  if (first === 0x28 && isZstdEnd) return 'zstd'
  // A frame that decoders skip: some zstd writers begin with one.
  const isSkippable = first !== undefined && first >> 4 === 5 && second === 0x2a && third === 0x4d && fourth === 0x18
  return isSkippable ? 'zstd' : 'none'
}

async function readHead(iterator: AsyncIterator<Uint8Array>): Promise<Uint8Array[]> {
  const head: Uint8Array[] = []
  for (let bytes = 0; bytes < LONGEST_MAGIC_BYTES;) {
    const next = await iterator.next()
    if (next.done === true) break
    head.push(next.value)
    bytes += next.value.length
  }
  return head
}

async function* replay(
  head: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* head
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
  } finally {
    await rest.return?.()
  }
}

async function* throughDecoder(
  source: AsyncIterable<Uint8Array>,
  compression: 'gzip' | 'zstd',
): AsyncGenerator<Uint8Array, void, void> {
  const decoder: Transform =
    compression === 'gzip'
      ? createGunzip({ chunkSize: OUTPUT_CHUNK_BYTES })
      : createZstdDecompress({ chunkSize: OUTPUT_CHUNK_BYTES })
  const sourceError: { thrown?: Error } = {}
  const input = Readable.from(noting(source, sourceError), { objectMode: false })
  const feeding = pipeline(input, decoder)
  // Whatever goes wrong there destroys the decoder, so that the loop below throws it.
  feeding.catch(() => undefined)
  try {
    for await (const chunk of decoder) yield chunk as Buffer
  } catch (error) {
    if (sourceError.thrown !== undefined) throw sourceError.thrown
    throw invalidArchive(`its ${compression} data is damaged or truncated: ${messageOf(error)}`, error)
  } finally {
    // The source is let go of when it next answers: waiting for one that is silent could take for ever.
    decoder.destroy()
  }
}

async function* noting(
  source: AsyncIterable<Uint8Array>,
  error: { thrown?: Error },
): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* source
  } catch (thrown) {
    error.thrown = thrown instanceof Error ? thrown : new Error(String(thrown))
    throw thrown
  }
}
