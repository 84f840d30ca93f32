import { NO_XATTRS, type TarEntry } from './tar-entry.ts'
import { TarReader } from './tar-reader.ts'
import { ARCHIVE_END, buildTarHeader, buildTarPadding } from './tar-writer.ts'
import { LayerContents } from './unpack-layer-contents.ts'
import type { UnpackMeter } from './unpack-layer-limits.ts'

/** What goes to tar at once; less would cost a system call and a wake-up each. */
const WRITE_BYTES = 64 * 1024

/** Turns a layer's bytes into the bytes that tar gets. */
export class LayerStream {
  readonly #meter: UnpackMeter
  readonly #reader = new TarReader()
  readonly #contents = new LayerContents()
  #skipsContent = false
  #contentLeft = 0
  #padding: Buffer = Buffer.alloc(0)

  constructor(meter: UnpackMeter) {
    this.#meter = meter
  }

  push(chunk: Uint8Array): Iterable<Uint8Array> {
    return inBatches(this.#pieces(chunk))
  }

  /** To be called when no more bytes come. */
  finish(): void {
    this.#reader.finish()
  }

  /** What comes after the layer's own bytes. */
  end(): Iterable<Uint8Array> {
    return inBatches(this.#lastPieces())
  }

  opaqueDirectories(): readonly string[] {
    return this.#contents.whiteouts().opaque
  }

  *#pieces(chunk: Uint8Array): Generator<Uint8Array, void, void> {
    for (const part of this.#reader.push(chunk)) {
      if (part.is === 'entry') yield* this.#begin(part.entry)
      else if (!this.#skipsContent) yield* this.#content(part.bytes)
    }
  }

  *#lastPieces(): Generator<Uint8Array, void, void> {
    for (const link of this.#contents.symlinks()) yield buildTarHeader(link)
    for (const name of this.#contents.whiteouts().hidden) yield buildTarHeader(whiteoutEntry(name))
    yield ARCHIVE_END
  }

  *#begin(entry: TarEntry): Generator<Uint8Array, void, void> {
    const admission = this.#contents.admit(entry)
    this.#meter.addEntries(1 + admission.parents.length)
    this.#contentLeft = entry.sizeBytes
    // A whiteout with content is odd, but harmless: the content goes nowhere.
    this.#skipsContent = admission.entry?.type !== 'file'
    this.#padding = buildTarPadding(entry.sizeBytes)
    for (const parent of admission.parents) yield buildTarHeader(parent)
    if (admission.entry !== undefined) yield buildTarHeader(admission.entry)
  }

  *#content(bytes: Uint8Array): Generator<Uint8Array, void, void> {
    yield bytes
    this.#contentLeft -= bytes.length
    if (this.#contentLeft === 0 && this.#padding.length > 0) yield this.#padding
  }
}

function* inBatches(pieces: Iterable<Uint8Array>): Generator<Uint8Array, void, void> {
  let batch: Uint8Array[] = []
  let bytes = 0
  for (const piece of pieces) {
    batch.push(piece)
    bytes += piece.length
    if (bytes < WRITE_BYTES) continue
    yield joined(batch)
    batch = []
    bytes = 0
  }
  if (batch.length > 0) yield joined(batch)
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [first] = pieces
  return first !== undefined && pieces.length === 1 ? first : Buffer.concat(pieces)
}

/** What overlayfs takes as "not here": tar makes it like any other entry, so that its directory keeps its times. */
function whiteoutEntry(name: string): TarEntry {
  return {
    type: 'character-device',
    name,
    linkName: '',
    mode: 0,
    uid: 0,
    gid: 0,
    sizeBytes: 0,
    mtimeSeconds: 0,
    mtimeNanoseconds: 0,
    xattrs: NO_XATTRS,
  }
}
