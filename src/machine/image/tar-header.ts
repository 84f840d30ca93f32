import { BLOCK_BYTES, invalidArchive, quoteName } from './tar-entry.ts'

/** One header block as it stands, before long names and PAX records of the blocks before it are applied. */
export interface TarHeader {
  /** The type flag, such as '0' or 'x'; '\0' of very old archives is given as '0'. */
  readonly typeFlag: string
  readonly name: string
  readonly linkName: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly sizeBytes: number
  readonly mtimeSeconds: number
}

const CHECKSUM_OFFSET = 148
const CHECKSUM_LENGTH = 8

/**
 * Reads one header block: ustar, GNU, star and the old V7 layout.
 *
 * @param block exactly 512 bytes.
 * @throws Failure ImageArchiveInvalid
 * @see https://www.gnu.org/software/tar/manual/html_node/Standard.html
 */
export function parseTarHeader(block: Buffer): TarHeader {
  const name = fullName(block)
  if (!checksumFits(block)) {
    throw invalidArchive(
      `entry ${quoteName(name)}: its header has a wrong checksum; this is no tar archive, or damaged`,
    )
  }
  const number = (offset: number, length: number, field: string) => {
    const value = parseNumber(block, offset, length)
    if (value !== undefined) return value
    throw invalidArchive(`entry ${quoteName(name)}: its header has no valid number as ${field}`)
  }
  const flag = block[156] ?? 0
  return {
    typeFlag: flag === 0 ? '0' : String.fromCharCode(flag),
    name,
    linkName: text(block, 157, 100),
    mode: number(100, 8, 'mode') & 0o7777,
    uid: number(108, 8, 'uid'),
    gid: number(116, 8, 'gid'),
    sizeBytes: number(124, 12, 'size'),
    mtimeSeconds: number(136, 12, 'mtime'),
  }
}

function fullName(block: Buffer): string {
  const name = text(block, 0, 100)
  // GNU archives ("ustar  ") keep other things where POSIX ones ("ustar\0") have the first part of a long name.
  if (block.toString('latin1', 257, 263) !== 'ustar\0') return name
  const isStar = block.toString('latin1', 508, 512) === 'tar\0'
  const prefix = text(block, 345, isStar ? 131 : 155)
  return prefix === '' ? name : `${prefix}/${name}`
}

function text(block: Buffer, offset: number, length: number): string {
  const end = block.indexOf(0, offset)
  return block.toString('latin1', offset, end === -1 ? offset + length : Math.min(end, offset + length))
}

function checksumFits(block: Buffer): boolean {
  const expected = parseNumber(block, CHECKSUM_OFFSET, CHECKSUM_LENGTH)
  const { unsigned, signed } = tarChecksums(block)
  // Some historic programs summed signed characters.
  return expected === unsigned || expected === signed
}

/** The sums of all bytes of a header block, its checksum field counted as spaces. */
export function tarChecksums(block: Uint8Array): { readonly unsigned: number; readonly signed: number } {
  let unsigned = 0
  let negative = 0
  for (let index = 0; index < BLOCK_BYTES; index += 1) {
    const inChecksum = index >= CHECKSUM_OFFSET && index < CHECKSUM_OFFSET + CHECKSUM_LENGTH
    const byte = inChecksum ? 0x20 : (block[index] ?? 0)
    unsigned += byte
    if (byte > 127) negative += 256
  }
  return { unsigned, signed: unsigned - negative }
}

/** An octal number, or base-256 when the first bit is set; undefined when it is neither, or too large to be exact. */
function parseNumber(block: Buffer, offset: number, length: number): number | undefined {
  const first = block[offset] ?? 0
  if ((first & 0x80) !== 0) return parseBase256(block.subarray(offset, offset + length))
  let value = 0
  let state: 'before' | 'digits' | 'after' = 'before'
  for (let index = offset; index < offset + length; index += 1) {
    const byte = block[index] ?? 0
    // What comes after a NUL is whatever the writer had in memory.
    if (byte === 0 && state !== 'before') break
    if (byte === 0 || byte === 0x20) {
      if (state === 'digits') state = 'after'
      continue
    }
    if (state === 'after' || byte < 0x30 || byte > 0x37) return undefined
    state = 'digits'
    value = value * 8 + (byte - 0x30)
  }
  return value
}

/** Two's complement, big-endian, in which the first bit only marks the format and the second is the sign. */
function parseBase256(bytes: Buffer): number | undefined {
  const isNegative = ((bytes[0] ?? 0) & 0x40) !== 0
  let value = 0n
  for (const [index, byte] of bytes.entries()) {
    const marked = index > 0 ? byte : isNegative ? byte : byte & 0x7f
    value = (value << 8n) | BigInt(marked)
  }
  if (isNegative) value -= 1n << BigInt(bytes.length * 8)
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : undefined
}
