/** @see https://www.gnu.org/software/tar/manual/html_node/Standard.html */
export const BLOCK_BYTES = 512

/** Bytes of each field: where it begins, and how long it is. */
const FIELD = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  linkName: [157, 100],
  magic: [257, 6],
  prefix: [345, 155],
} as const

type Field = readonly [start: number, length: number]

export const NAME_BYTES = FIELD.name[1]

export interface TarHeader {
  readonly name: string
  /** A letter or digit: `0` file, `1` hard link, `2` symbolic link, `5` directory … */
  readonly type: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly sizeBytes: number
  readonly mtimeSeconds: number
  readonly linkName: string
}

/** @param header whose names fit: at most NAME_BYTES. */
export function encodeTarHeader(header: TarHeader): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES)
  block.write(header.name, ...FIELD.name)
  writeNumber(block, FIELD.mode, header.mode)
  writeNumber(block, FIELD.uid, header.uid)
  writeNumber(block, FIELD.gid, header.gid)
  writeNumber(block, FIELD.size, header.sizeBytes)
  writeNumber(block, FIELD.mtime, header.mtimeSeconds)
  block.write(header.type, ...FIELD.type)
  block.write(header.linkName, ...FIELD.linkName)
  // As GNU tar marks its own: busybox knows no other form of long names.
  block.write('ustar  \0', FIELD.magic[0], 'latin1')
  block.write(`${sumOf(block).toString(8).padStart(6, '0')}\0 `, FIELD.checksum[0], 'latin1')
  return block
}

/** @throws Error for what is no header. */
export function parseTarHeader(block: Buffer): TarHeader {
  if (readNumber(block, FIELD.checksum) !== sumOf(block)) throw new Error('it is no tar archive, or broken')
  const prefix = readText(block, FIELD.magic) === 'ustar' ? readText(block, FIELD.prefix) : ''
  const name = readText(block, FIELD.name)
  const type = readText(block, FIELD.type)
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    type: type === '' ? '0' : type,
    mode: readNumber(block, FIELD.mode),
    uid: readNumber(block, FIELD.uid),
    gid: readNumber(block, FIELD.gid),
    sizeBytes: readNumber(block, FIELD.size),
    mtimeSeconds: readNumber(block, FIELD.mtime),
    linkName: readText(block, FIELD.linkName),
  }
}

/** Octal digits or, for what they cannot hold, the number itself behind a set bit. */
function writeNumber(block: Buffer, [start, length]: Field, value: number): void {
  const digits = Math.max(0, Math.floor(value)).toString(8)
  if (digits.length < length) {
    block.write(`${digits.padStart(length - 1, '0')}\0`, start, 'latin1')
    return
  }
  block.writeUInt8(0x80, start)
  block.writeUIntBE(value, start + length - 6, 6)
}

function readNumber(block: Buffer, [start, length]: Field): number {
  const first = block.readUInt8(start)
  if ((first & 0x80) !== 0) return block.readUIntBE(start + length - 6, 6)
  const digits = readText(block, [start, length]).trim()
  if (!/^[0-7]*$/.test(digits)) throw new Error('it is no tar archive, or broken')
  return digits === '' ? 0 : Number.parseInt(digits, 8)
}

function readText(block: Buffer, [start, length]: Field): string {
  const field = block.subarray(start, start + length)
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end < 0 ? length : end)
}

/** The checksum's own field counts as blanks. */
function sumOf(block: Buffer): number {
  const [start, length] = FIELD.checksum
  let sum = 0x20 * length
  for (const [at, byte] of block.entries()) if (at < start || at >= start + length) sum += byte
  return sum
}
