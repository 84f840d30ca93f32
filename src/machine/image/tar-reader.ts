import { BLOCK_BYTES, invalidArchive, NO_XATTRS, quoteName, type TarEntry, type TarEntryType } from './tar-entry.ts'
import { parseTarHeader, type TarHeader } from './tar-header.ts'
import { parsePaxRecords } from './tar-pax.ts'

/** After a file's entry comes its content, `sizeBytes` in all, in as many parts as it happens to arrive in. */
export type TarPart =
  { readonly is: 'entry'; readonly entry: TarEntry } | { readonly is: 'data'; readonly bytes: Buffer }

const ENTRY_TYPES: Readonly<Record<string, TarEntryType>> = {
  '0': 'file',
  '1': 'hard-link',
  '2': 'symlink',
  '3': 'character-device',
  '4': 'block-device',
  '5': 'directory',
  '6': 'fifo',
  // "Contiguous": a file on every system of today.
  '7': 'file',
}
/** Long names, PAX records: more than any real archive has, little enough to hold in memory. */
const LARGEST_EXTENSION_BYTES = 1024 * 1024
const LARGEST_ID = 2 ** 32 - 2
const ZERO_BLOCK = Buffer.alloc(BLOCK_BYTES)
const XATTR_PREFIX = 'SCHILY.xattr.'

type State =
  | { readonly is: 'header' }
  | { readonly is: 'extension'; readonly header: TarHeader; readonly bytes: Buffer; filled: number; padding: number }
  | { readonly is: 'data'; left: number; padding: number }
  | { readonly is: 'second-zero-block' }
  | { readonly is: 'after-end' }

/**
 * Reads a tar archive as its bytes arrive: ustar, GNU long names, PAX (global headers are skipped, as image tools do),
 * base-256 numbers. It understands, but does not judge: whether names and types are welcome is the caller's matter.
 * Sparse files, multi-volume archives and unknown types are refused.
 */
export class TarReader {
  #state: State = { is: 'header' }
  readonly #block = Buffer.allocUnsafe(BLOCK_BYTES)
  #blockFilled = 0
  #longName: string | undefined
  #longLinkName: string | undefined
  #pax: Map<string, Buffer> | undefined
  #lastName = ''

  /** Tells that no more bytes come. An archive without its two closing zero blocks counts as whole, as everywhere. */
  finish(): void {
    const atBoundary = this.#state.is !== 'data' && this.#state.is !== 'extension' && this.#blockFilled === 0
    const isComplete = this.#longName === undefined && this.#longLinkName === undefined && this.#pax === undefined
    const hasZeroRest = this.#state.is === 'after-end' && isZero(this.#block.subarray(0, this.#blockFilled))
    if (hasZeroRest || (atBoundary && isComplete)) return
    throw invalidArchive(`the archive is truncated: it ends inside or after entry ${quoteName(this.#lastName)}`)
  }

  /** @throws Failure ImageArchiveInvalid; the reader is of no use after that. */
  *push(chunk: Uint8Array): Generator<TarPart, void, void> {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    for (let at = 0; at < bytes.length;) {
      const state = this.#state
      if (state.is === 'data') {
        const count = Math.min(state.left, bytes.length - at)
        if (count > 0) yield { is: 'data', bytes: bytes.subarray(at, at + count) }
        state.left -= count
        at += count
        if (state.left === 0) at += this.#skipPadding(state, bytes.length - at)
      } else if (state.is === 'extension') {
        at += this.#fillExtension(state, bytes.subarray(at))
      } else {
        const block = this.#nextBlock(bytes, at)
        at += block.used
        const entry = block.whole === undefined ? undefined : this.#takeBlock(block.whole)
        if (entry !== undefined) yield { is: 'entry', entry }
      }
    }
  }

  #fillExtension(state: State & { is: 'extension' }, bytes: Buffer): number {
    const count = bytes.copy(state.bytes, state.filled)
    state.filled += count
    if (state.filled < state.bytes.length) return count
    // Once, when the last byte has come, not again while the padding does.
    if (count > 0) this.#takeExtension(state.header, state.bytes)
    return count + this.#skipPadding(state, bytes.length - count)
  }

  #skipPadding(state: { padding: number }, available: number): number {
    const count = Math.min(state.padding, available)
    state.padding -= count
    if (state.padding === 0) this.#state = { is: 'header' }
    return count
  }

  #nextBlock(bytes: Buffer, at: number): { readonly used: number; readonly whole: Buffer | undefined } {
    if (this.#blockFilled === 0 && bytes.length - at >= BLOCK_BYTES) {
      return { used: BLOCK_BYTES, whole: bytes.subarray(at, at + BLOCK_BYTES) }
    }
    const used = bytes.copy(this.#block, this.#blockFilled, at)
    this.#blockFilled += used
    if (this.#blockFilled < BLOCK_BYTES) return { used, whole: undefined }
    this.#blockFilled = 0
    return { used, whole: this.#block }
  }

  #takeBlock(block: Buffer): TarEntry | undefined {
    const isZeroBlock = block.equals(ZERO_BLOCK)
    if (this.#state.is !== 'header') {
      if (!isZeroBlock)
        throw invalidArchive(`the archive goes on after its end, behind entry ${quoteName(this.#lastName)}`)
      this.#state = { is: 'after-end' }
      return undefined
    }
    if (isZeroBlock) {
      this.#state = { is: 'second-zero-block' }
      return undefined
    }
    const header = parseTarHeader(block)
    if (header.sizeBytes < 0) throw invalidArchive(`entry ${quoteName(header.name)}: its size is negative`)
    if (!'xgLK'.includes(header.typeFlag)) return this.#startEntry(header)
    this.#startExtension(header)
    return undefined
  }

  #startExtension(header: TarHeader): void {
    if (header.sizeBytes > LARGEST_EXTENSION_BYTES) {
      throw invalidArchive(
        `an extended header after entry ${quoteName(this.#lastName)} has ${header.sizeBytes} bytes; ` +
          `at most ${LARGEST_EXTENSION_BYTES} are accepted`,
      )
    }
    if (header.sizeBytes === 0) {
      this.#takeExtension(header, Buffer.alloc(0))
      return
    }
    const bytes = Buffer.alloc(header.sizeBytes)
    this.#state = { is: 'extension', header, bytes, filled: 0, padding: paddingOf(header.sizeBytes) }
  }

  #takeExtension(header: TarHeader, bytes: Buffer): void {
    if (header.typeFlag === 'x') this.#pax = parsePaxRecords(bytes)
    if (header.typeFlag === 'L') this.#longName = untilNul(bytes)
    if (header.typeFlag === 'K') this.#longLinkName = untilNul(bytes)
  }

  #startEntry(header: TarHeader): TarEntry {
    const pax = this.#pax
    const name = pax?.get('path')?.toString('latin1') ?? this.#longName ?? header.name
    this.#lastName = name
    const type = entryType(header.typeFlag, name)
    const stored = pax?.get('size') === undefined ? header.sizeBytes : paxInteger(pax, 'size', name)
    if (pax !== undefined && [...pax.keys()].some((key) => key.startsWith('GNU.sparse.'))) {
      throw invalidArchive(
        `entry ${quoteName(name)}: sparse files are not supported; make the archive without --sparse`,
      )
    }
    // Whatever a header says of the size of a link or a directory: no content follows it.
    const sizeBytes = type === 'file' ? stored : 0
    const mtime = pax?.has('mtime') === true ? paxTime(pax, name) : { seconds: header.mtimeSeconds, nanoseconds: 0 }
    const entry: TarEntry = {
      type,
      name,
      linkName: isLink(type) ? (pax?.get('linkpath')?.toString('latin1') ?? this.#longLinkName ?? header.linkName) : '',
      mode: header.mode,
      uid: checkedId(pax?.has('uid') === true ? paxInteger(pax, 'uid', name) : header.uid, name),
      gid: checkedId(pax?.has('gid') === true ? paxInteger(pax, 'gid', name) : header.gid, name),
      sizeBytes,
      mtimeSeconds: mtime.seconds,
      mtimeNanoseconds: mtime.nanoseconds,
      xattrs: pax === undefined ? NO_XATTRS : xattrsOf(pax),
    }
    this.#pax = this.#longName = this.#longLinkName = undefined
    if (sizeBytes > 0) this.#state = { is: 'data', left: sizeBytes, padding: paddingOf(sizeBytes) }
    return entry
  }
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0)
}

/** Zero bytes between content of this size and the next block. */
export function paddingOf(sizeBytes: number): number {
  return (BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES
}

function isLink(type: TarEntryType): boolean {
  return type === 'symlink' || type === 'hard-link'
}

function entryType(flag: string, name: string): TarEntryType {
  const type = ENTRY_TYPES[flag]
  if (flag === 'S') throw invalidArchive(`entry ${quoteName(name)}: sparse files are not supported`)
  if (type === undefined) throw invalidArchive(`entry ${quoteName(name)}: unknown type ${quoteName(flag)}`)
  // Archives from before 1988 mark a directory by its name alone.
  return type === 'file' && name.endsWith('/') ? 'directory' : type
}

function untilNul(bytes: Buffer): string {
  const end = bytes.indexOf(0)
  return bytes.toString('latin1', 0, end === -1 ? bytes.length : end)
}

function checkedId(id: number, name: string): number {
  if (id >= 0 && id <= LARGEST_ID) return id
  throw invalidArchive(`entry ${quoteName(name)}: owner ${id} is out of range (0 to ${LARGEST_ID})`)
}

function paxInteger(pax: ReadonlyMap<string, Buffer>, key: string, name: string): number {
  const text = pax.get(key)?.toString('latin1') ?? ''
  const value = Number(text)
  if (/^[0-9]{1,16}$/.test(text) && Number.isSafeInteger(value)) return value
  throw invalidArchive(`entry ${quoteName(name)}: ${quoteName(text)} is no valid ${key}`)
}

function paxTime(pax: ReadonlyMap<string, Buffer>, name: string): { seconds: number; nanoseconds: number } {
  const text = pax.get('mtime')?.toString('latin1') ?? ''
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(text)
  if (match === null) throw invalidArchive(`entry ${quoteName(name)}: ${quoteName(text)} is no valid mtime`)
  const whole = Number(match[2])
  const nanoseconds = Number((match[3] ?? '').slice(0, 9).padEnd(9, '0'))
  if (match[1] === '') return { seconds: whole, nanoseconds }
  return nanoseconds === 0 ? { seconds: -whole, nanoseconds } : { seconds: -whole - 1, nanoseconds: 1e9 - nanoseconds }
}

function xattrsOf(pax: ReadonlyMap<string, Buffer>): ReadonlyMap<string, Uint8Array> {
  const attributes = [...pax].filter(([key]) => key.startsWith(XATTR_PREFIX))
  return attributes.length === 0
    ? NO_XATTRS
    : new Map(attributes.map(([key, value]) => [key.slice(XATTR_PREFIX.length), value]))
}
