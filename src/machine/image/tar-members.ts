import { invalidArchive, type TarEntry } from './tar-entry.ts'
import { type TarPart, TarReader } from './tar-reader.ts'

export interface TarMember {
  readonly entry: TarEntry
  /** To be read before the next member is asked for; what is not read is skipped. */
  readonly content: AsyncIterable<Buffer>
}

/** The members of an uncompressed archive, one after the other. @throws Failure ImageArchiveInvalid */
export async function* readTarMembers(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarMember, void, void> {
  const parts = readParts(source)
  for (;;) {
    const next = await parts.next()
    if (next.done === true) return
    if (next.value.is !== 'entry') throw invalidArchive('the archive has content without an entry')
    const { entry } = next.value
    const rest = contentReader(parts, entry.sizeBytes)
    yield { entry, content: rest.content() }
    await rest.skip()
  }
}

function contentReader(parts: AsyncGenerator<TarPart, void, void>, sizeBytes: number) {
  let left = sizeBytes
  const nextBytes = async (): Promise<Buffer> => {
    const next = await parts.next()
    if (next.done === true || next.value.is !== 'data') throw invalidArchive('the archive is truncated')
    left -= next.value.bytes.length
    return next.value.bytes
  }
  return {
    async *content(): AsyncGenerator<Buffer, void, void> {
      while (left > 0) yield await nextBytes()
    },
    async skip(): Promise<void> {
      while (left > 0) await nextBytes()
    },
  }
}

async function* readParts(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarPart, void, void> {
  const reader = new TarReader()
  for await (const chunk of source) yield* reader.push(chunk)
  reader.finish()
}
