import { invalidArchive } from './tar-entry.ts'

/** What an archive may become at most. */
export interface UnpackLimits {
  /** Bytes of the uncompressed archive. */
  readonly largestBytes: number
  readonly largestEntries: number
  /** Uncompressed to compressed bytes; asked only once an archive has grown past `freeBytes`. */
  readonly largestRatio: number
  readonly freeBytes: number
}

const GIB = 1024 ** 3

/** Far beyond every image in use, little enough to stop a bomb before the disk is full. */
export const DEFAULT_UNPACK_LIMITS: UnpackLimits = {
  largestBytes: 64 * GIB,
  largestEntries: 5_000_000,
  largestRatio: 1_000,
  freeBytes: GIB,
}

/** Counts what passes, and refuses what passes a limit. */
export class UnpackMeter {
  readonly #limits: UnpackLimits
  #compressedBytes = 0
  #unpackedBytes = 0
  #entries = 0

  constructor(limits: UnpackLimits = DEFAULT_UNPACK_LIMITS) {
    this.#limits = limits
  }

  get unpackedBytes(): number {
    return this.#unpackedBytes
  }

  get entries(): number {
    return this.#entries
  }

  async *countCompressed(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
    for await (const chunk of source) {
      this.#compressedBytes += chunk.length
      yield chunk
    }
  }

  async *countUnpacked(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
    for await (const chunk of source) {
      this.addUnpacked(chunk.length)
      yield chunk
    }
  }

  addUnpacked(bytes: number): void {
    const { largestBytes, largestRatio, freeBytes } = this.#limits
    this.#unpackedBytes += bytes
    if (this.#unpackedBytes > largestBytes) {
      throw invalidArchive(`it unpacks to more than ${largestBytes} bytes, the limit for one archive`)
    }
    if (this.#unpackedBytes > freeBytes && this.#unpackedBytes > largestRatio * this.#compressedBytes) {
      throw invalidArchive(
        `${this.#compressedBytes} compressed bytes became ${this.#unpackedBytes}, more than ${largestRatio} times as ` +
          `many: it looks like a decompression bomb`,
      )
    }
  }

  addEntries(count: number): void {
    this.#entries += count
    if (this.#entries > this.#limits.largestEntries) {
      throw invalidArchive(`it has more than ${this.#limits.largestEntries} entries, the limit for one archive`)
    }
  }
}
