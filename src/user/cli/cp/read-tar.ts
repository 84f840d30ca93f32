import { BLOCK_BYTES, parseTarHeader, type TarHeader } from './tar-header.ts'

/** One thing in an archive; its content is read before the next one is asked for, or let go. */
export interface TarEntry extends TarHeader {
  readonly content: AsyncIterable<Buffer>
}

/** Long names and the like: more is no name. */
const LONGEST_TEXT_BYTES = 1_048_576

/**
 * The entries of a tar archive as it comes: in the forms of POSIX, of GNU tar and of busybox.
 *
 * @throws Error for what is no archive, or ends too early.
 */
export async function* readTar(chunks: AsyncIterable<Buffer>): AsyncGenerator<TarEntry, void, undefined> {
  const bytes = new ByteReader(chunks)
  let next: Partial<TarHeader> = {}
  for (;;) {
    const block = await bytes.take(BLOCK_BYTES)
    if (block === undefined || block.every((byte) => byte === 0)) break
    const header = parseTarHeader(block)
    const extra = EXTRA[header.type]
    if (extra !== undefined) {
      next = { ...next, ...extra(await readText(bytes, header.sizeBytes)) }
      continue
    }
    const entry = { ...header, ...next }
    next = {}
    // Links and directories have no content, whatever their size says.
    const left = { bytes: CONTENT_TYPES.has(header.type) ? entry.sizeBytes : 0 }
    const padding = paddingOf(left.bytes)
    yield { ...entry, content: bytes.upTo(left) }
    await bytes.skip(left)
    await bytes.need(padding)
  }
  // What sends it wants to be heard to the end.
  await bytes.drain()
}

/** Entries that say more of the one that follows them. */
const EXTRA: Readonly<Record<string, ((text: string) => Partial<TarHeader>) | undefined>> = {
  L: (text) => ({ name: untilZero(text) }),
  K: (text) => ({ linkName: untilZero(text) }),
  x: paxRecords,
  g: () => ({}),
}

/** Files, in all the ways in which archives call them; what is of no known type is taken for one. */
const CONTENT_TYPES: ReadonlySet<string> = new Set(['0', '7', 'S'])

/** `25 path=some/long/name\n`, one after the other. The number is the length of the whole record. */
function paxRecords(text: string): Partial<TarHeader> {
  const bytes = Buffer.from(text, 'latin1')
  const found: { name?: string; linkName?: string; sizeBytes?: number } = {}
  for (let at = 0; at < bytes.length;) {
    const [digits = '', lengthText = ''] = /^(\d+) /.exec(bytes.toString('latin1', at, at + 20)) ?? []
    const length = Number(lengthText)
    if (digits === '' || length <= digits.length || at + length > bytes.length) throw new Error('a header is broken')
    const record = bytes.toString('utf8', at + digits.length, at + length - 1)
    const [, key, value = ''] = /^([^=]+)=([^]*)$/.exec(record) ?? []
    if (key === 'path') found.name = value
    if (key === 'linkpath') found.linkName = value
    if (key === 'size') found.sizeBytes = Number(value)
    at += length
  }
  return found
}

/** Latin-1, so that no byte is lost. */
async function readText(bytes: ByteReader, length: number): Promise<string> {
  if (length > LONGEST_TEXT_BYTES) throw new Error(`a name of ${length} bytes`)
  const text = await bytes.need(length)
  await bytes.need(paddingOf(length))
  return text.toString('latin1')
}

function untilZero(latin1: string): string {
  const bytes = Buffer.from(latin1, 'latin1')
  const end = bytes.indexOf(0)
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end)
}

function paddingOf(length: number): number {
  return (BLOCK_BYTES - (length % BLOCK_BYTES)) % BLOCK_BYTES
}

/** Bytes by number out of chunks of any size. */
class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>
  #held: Buffer = Buffer.alloc(0)

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  /** @returns undefined at the end. */
  async take(length: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = []
    for await (const part of this.upTo({ bytes: length }, 'may end')) parts.push(part)
    const taken = Buffer.concat(parts)
    if (taken.length > 0 && taken.length < length) throw tooShort()
    return taken.length === length ? taken : undefined
  }

  async need(length: number): Promise<Buffer> {
    if (length === 0) return Buffer.alloc(0)
    const taken = await this.take(length)
    if (taken === undefined) throw tooShort()
    return taken
  }

  /** Counts down what is left as it gives it out, so that somebody else may go on. */
  async *upTo(
    left: { bytes: number },
    end: 'may end' | 'ends late' = 'ends late',
  ): AsyncGenerator<Buffer, void, undefined> {
    while (left.bytes > 0) {
      if (this.#held.length === 0 && !(await this.#more())) {
        if (end === 'may end') return
        throw tooShort()
      }
      const piece = this.#held.subarray(0, left.bytes)
      this.#held = this.#held.subarray(piece.length)
      left.bytes -= piece.length
      yield piece
    }
  }

  async skip(left: { bytes: number }): Promise<void> {
    const rest = this.upTo(left)
    while ((await rest.next()).done !== true);
  }

  async drain(): Promise<void> {
    while (await this.#more());
  }

  async #more(): Promise<boolean> {
    const next = await this.#chunks.next()
    if (next.done === true) return false
    this.#held = next.value
    return true
  }
}

function tooShort(): Error {
  return new Error('it ends too early')
}
