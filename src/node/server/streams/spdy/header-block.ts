import { createInflate, type Inflate } from 'node:zlib'
import { Failure, messageOf } from '../../../../failure.ts'
import { HEADER_DICTIONARY } from './header-dictionary.ts'

/** Names in small letters, as SPDY wants them; several values of one name are joined by `, `. */
export type SpdyHeaders = ReadonlyMap<string, string>

/** Unpacked; a few lines of text are some hundred bytes. */
const LONGEST_BLOCK_BYTES = 65_536
const MOST_HEADERS = 256
const STORED_BLOCK_BYTES = 5
/** A stored block of nothing: readers of Go give out what they have when they come to one, and not before. */
const FLUSH = Buffer.from([0x00, 0x00, 0x00, 0xff, 0xff])
const NO_HEADERS = Buffer.alloc(4)
/** Deflate with a window of 32 KiB, a preset dictionary, and the dictionary's Adler-32. @see RFC 1950 */
const ZLIB_START = Buffer.from([0x78, 0xbb, 0xe3, 0xc6, 0xa7, 0xc2])

/** Unpacks the header blocks of one connection: they are one compressed stream, so each must be passed, in order. */
export class HeaderUnpacker {
  readonly #inflate: Inflate = createInflate({ dictionary: HEADER_DICTIONARY })
  #received: Buffer[] = []
  #receivedBytes = 0
  #failed: Error | undefined

  constructor() {
    this.#inflate.on('data', (bytes: Buffer) => {
      this.#received.push(bytes)
      this.#receivedBytes += bytes.length
      if (this.#receivedBytes > LONGEST_BLOCK_BYTES) {
        this.#inflate.destroy(new Error(`more than ${LONGEST_BLOCK_BYTES} bytes`))
      }
    })
    this.#inflate.on('error', (error) => (this.#failed ??= error))
  }

  /** @throws Failure BadRequest; after it nothing can be unpacked any more. */
  async unpack(block: Uint8Array): Promise<SpdyHeaders> {
    this.#received = []
    this.#receivedBytes = 0
    if (this.#failed === undefined && block.length > 0) await this.#write(block)
    if (this.#failed !== undefined) throw unreadable(messageOf(this.#failed))
    return parseHeaders(Buffer.concat(this.#received))
  }

  close(): void {
    this.#inflate.destroy()
  }

  /** Resolves when all of it is unpacked, or when it failed. */
  #write(block: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      const over = (): void => {
        this.#inflate.off('close', over)
        resolve()
      }
      // Destroyed within the write, it never calls back.
      this.#inflate.once('close', over)
      this.#inflate.write(block, over)
    })
  }
}

/**
 * Header blocks without a header, one after the other, as one compressed stream: not compressed, which the format allows.
 */
export function emptyHeaderBlocks(): () => Buffer {
  let begun = false
  return () => {
    const stored = Buffer.alloc(STORED_BLOCK_BYTES)
    stored.writeUInt16LE(NO_HEADERS.length, 1)
    stored.writeUInt16LE(~NO_HEADERS.length & 0xffff, 3)
    const start = begun ? [] : [ZLIB_START]
    begun = true
    return Buffer.concat([...start, stored, NO_HEADERS, FLUSH])
  }
}

/** @throws Failure BadRequest */
export function parseHeaders(block: Buffer): SpdyHeaders {
  let at = 0
  const take = (length: number): Buffer => {
    if (at + length > block.length) throw unreadable('it ends in the middle of a header')
    at += length
    return block.subarray(at - length, at)
  }
  const takeText = (): string => take(take(4).readUInt32BE()).toString('utf8')
  const count = take(4).readUInt32BE()
  if (count > MOST_HEADERS) throw unreadable(`${count} headers`)
  const headers = new Map<string, string>()
  for (let index = 0; index < count; index += 1) {
    const name = takeText().toLowerCase()
    headers.set(name, takeText().replaceAll('\0', ', '))
  }
  return headers
}

function unreadable(why: string): Failure {
  return new Failure('BadRequest', `read the headers of a SPDY stream: ${why}`)
}
