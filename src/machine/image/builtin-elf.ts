import { closeSync, openSync, readSync } from 'node:fs'
import { Failure } from '../../failure.ts'

/** What a program or library asks of the dynamic linker. */
export interface ElfNeeds {
  /** The dynamic linker, of a program that has one. */
  readonly interpreter: string | undefined
  /** Names of libraries, such as `libc.so.6`. */
  readonly needed: readonly string[]
  /** Where it wants them looked for first, `$ORIGIN` not yet replaced. */
  readonly searchPath: readonly string[]
}

const PT_LOAD = 1
const PT_DYNAMIC = 2
const PT_INTERP = 3
const DT_NEEDED = 1n
const DT_STRTAB = 5n
const DT_STRSZ = 10n
const DT_RPATH = 15n
const DT_RUNPATH = 29n
const HEADER_BYTES = 64
const PROGRAM_HEADER_BYTES = 56
/** No real table is larger; a damaged file must not ask for gigabytes. */
const LARGEST_TABLE_BYTES = 64 * 1024 * 1024

interface Segment {
  readonly type: number
  readonly offset: number
  readonly address: number
  readonly sizeBytes: number
}

/**
 * Reads a 64-bit little-endian ELF file.
 *
 * @throws Failure SetupFailed when it is none; what Node's file system throws.
 * @see elf(5)
 */
export function readElfNeeds(path: string): ElfNeeds {
  const file = openSync(path, 'r')
  try {
    return readNeeds(path, (offset, sizeBytes) => {
      if (sizeBytes > LARGEST_TABLE_BYTES) throw notElf(path)
      const bytes = Buffer.alloc(sizeBytes)
      if (readSync(file, bytes, 0, sizeBytes, offset) < sizeBytes) throw notElf(path)
      return bytes
    })
  } finally {
    closeSync(file)
  }
}

type Read = (offset: number, sizeBytes: number) => Buffer

function readNeeds(path: string, read: Read): ElfNeeds {
  const segments = readSegments(path, read)
  const interpreter = segments.find(({ type }) => type === PT_INTERP)
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC)
  const entries = dynamic === undefined ? [] : readDynamic(read(dynamic.offset, dynamic.sizeBytes))
  const names = readNames(path, { entries, segments, read })
  return {
    interpreter: interpreter && text(read(interpreter.offset, interpreter.sizeBytes), 0),
    needed: names(DT_NEEDED),
    searchPath: [...names(DT_RUNPATH), ...names(DT_RPATH)]
      .flatMap((list) => list.split(':'))
      .filter((one) => one !== ''),
  }
}

function readSegments(path: string, read: Read): Segment[] {
  const header = read(0, HEADER_BYTES)
  const is64BitLittleEndian = header[4] === 2 && header[5] === 1
  if (header.toString('latin1', 0, 4) !== '\x7fELF' || !is64BitLittleEndian) throw notElf(path)
  const offset = Number(header.readBigUInt64LE(32))
  const table = read(offset, header.readUInt16LE(56) * PROGRAM_HEADER_BYTES)
  return Array.from({ length: header.readUInt16LE(56) }, (_, index) => {
    const at = index * PROGRAM_HEADER_BYTES
    return {
      type: table.readUInt32LE(at),
      offset: Number(table.readBigUInt64LE(at + 8)),
      address: Number(table.readBigUInt64LE(at + 16)),
      sizeBytes: Number(table.readBigUInt64LE(at + 32)),
    }
  })
}

interface DynamicEntry {
  readonly tag: bigint
  readonly value: number
}

function readDynamic(table: Buffer): DynamicEntry[] {
  return Array.from({ length: Math.floor(table.length / 16) }, (_, index) => ({
    tag: table.readBigUInt64LE(index * 16),
    value: Number(table.readBigUInt64LE(index * 16 + 8)),
  }))
}

/** Gives the names that entries of one tag point to, in the file's string table. */
function readNames(
  path: string,
  file: { readonly entries: readonly DynamicEntry[]; readonly segments: readonly Segment[]; readonly read: Read },
): (tag: bigint) => string[] {
  const { entries, segments, read } = file
  const valueOf = (tag: bigint) => entries.find((entry) => entry.tag === tag)?.value
  const address = valueOf(DT_STRTAB)
  if (address === undefined) return () => []
  const isIn = (segment: Segment) => address >= segment.address && address < segment.address + segment.sizeBytes
  const segment = segments.find((each) => each.type === PT_LOAD && isIn(each))
  if (segment === undefined) throw notElf(path)
  const strings = read(segment.offset + address - segment.address, valueOf(DT_STRSZ) ?? 0)
  return (tag) => entries.filter((entry) => entry.tag === tag).map(({ value }) => text(strings, value))
}

function text(bytes: Buffer, offset: number): string {
  const end = bytes.indexOf(0, offset)
  return bytes.toString('utf8', offset, end === -1 ? bytes.length : end)
}

function notElf(path: string): Failure {
  return new Failure('SetupFailed', `read "${path}": it is no 64-bit little-endian ELF file, or damaged`)
}
