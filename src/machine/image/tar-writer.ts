import { BLOCK_BYTES, type TarEntry, type TarEntryType } from './tar-entry.ts'
import { tarChecksums } from './tar-header.ts'
import { buildPaxRecords } from './tar-pax.ts'
import { paddingOf } from './tar-reader.ts'

const FLAGS: Readonly<Record<TarEntryType, string>> = {
  file: '0',
  'hard-link': '1',
  symlink: '2',
  'character-device': '3',
  'block-device': '4',
  directory: '5',
  fifo: '6',
}
const LONGEST_SHORT_NAME = 100
/** What eleven octal digits hold. */
const LARGEST_OCTAL_TIME = 8 ** 11 - 1

/** The two zero blocks that close an archive. */
export const ARCHIVE_END = Buffer.alloc(2 * BLOCK_BYTES)

/**
 * Everything that comes before an entry's content. Long names are written as GNU `L` and `K` headers, because names are
 * bytes and PAX wants UTF-8; attributes and fractions of seconds as PAX records; large numbers in base 256. A device is
 * 0:0, overlayfs' mark for a hidden name: images hold no other.
 */
export function buildTarHeader(entry: TarEntry): Buffer {
  const name = entry.type === 'directory' && !entry.name.endsWith('/') ? `${entry.name}/` : entry.name
  const pax = paxRecords(entry)
  if (name.length <= LONGEST_SHORT_NAME && entry.linkName.length <= LONGEST_SHORT_NAME && pax.size === 0) {
    return headerBlock(name, FLAGS[entry.type], entry)
  }
  return Buffer.concat([
    ...(pax.size === 0 ? [] : extension('x', buildPaxRecords(pax))),
    ...(name.length <= LONGEST_SHORT_NAME ? [] : extension('L', nulTerminated(name))),
    ...(entry.linkName.length <= LONGEST_SHORT_NAME ? [] : extension('K', nulTerminated(entry.linkName))),
    headerBlock(name, FLAGS[entry.type], entry),
  ])
}

/** The zero bytes that come after an entry's content. */
export function buildTarPadding(sizeBytes: number): Buffer {
  return Buffer.alloc(paddingOf(sizeBytes))
}

function paxRecords(entry: TarEntry): Map<string, Uint8Array> {
  const records = new Map<string, Uint8Array>()
  if (entry.mtimeNanoseconds !== 0) records.set('mtime', Buffer.from(decimalTime(entry)))
  for (const [name, value] of entry.xattrs) records.set(`SCHILY.xattr.${name}`, value)
  return records
}

function decimalTime({ mtimeSeconds, mtimeNanoseconds }: TarEntry): string {
  const isNegative = mtimeSeconds < 0
  const whole = isNegative ? -mtimeSeconds - 1 : mtimeSeconds
  const fraction = isNegative ? 1e9 - mtimeNanoseconds : mtimeNanoseconds
  return `${isNegative ? '-' : ''}${whole}.${String(fraction).padStart(9, '0')}`
}

function nulTerminated(byteString: string): Buffer {
  return Buffer.from(`${byteString}\0`, 'latin1')
}

function extension(flag: 'x' | 'L' | 'K', content: Buffer): Buffer[] {
  const name = flag === 'x' ? 'PaxHeaders/entry' : '././@LongLink'
  const header = headerBlock(name, flag, {
    linkName: '',
    mode: 0o644,
    uid: 0,
    gid: 0,
    sizeBytes: content.length,
    mtimeSeconds: 0,
  })
  return [header, content, buildTarPadding(content.length)]
}

type HeaderNumbers = Pick<TarEntry, 'linkName' | 'mode' | 'uid' | 'gid' | 'sizeBytes' | 'mtimeSeconds'>

function headerBlock(name: string, flag: string, entry: HeaderNumbers): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES)
  block.write(name, 0, LONGEST_SHORT_NAME, 'latin1')
  writeNumber(block, { offset: 100, length: 8 }, entry.mode)
  writeNumber(block, { offset: 108, length: 8 }, entry.uid)
  writeNumber(block, { offset: 116, length: 8 }, entry.gid)
  writeNumber(block, { offset: 124, length: 12 }, entry.sizeBytes)
  writeNumber(block, { offset: 136, length: 12 }, entry.mtimeSeconds)
  block.write(flag, 156, 'latin1')
  block.write(entry.linkName, 157, LONGEST_SHORT_NAME, 'latin1')
  block.write('ustar\0' + '00', 257, 'latin1')
  writeNumber(block, { offset: 329, length: 8 }, 0)
  writeNumber(block, { offset: 337, length: 8 }, 0)
  block.write(tarChecksums(block).unsigned.toString(8).padStart(6, '0') + '\0 ', 148, 'latin1')
  return block
}

interface Field {
  readonly offset: number
  readonly length: number
}

function writeNumber(block: Buffer, { offset, length }: Field, value: number): void {
  const largestOctal = length === 8 ? 8 ** 7 - 1 : LARGEST_OCTAL_TIME
  if (value >= 0 && value <= largestOctal) {
    block.write(value.toString(8).padStart(length - 1, '0'), offset, 'latin1')
    return
  }
  const bytes = BigInt.asUintN(length * 8, BigInt(value))
  for (let index = 0; index < length; index += 1) {
    block[offset + index] = Number((bytes >> BigInt(8 * (length - 1 - index))) & 0xffn)
  }
  block[offset] = (block[offset] ?? 0) | 0x80
}
