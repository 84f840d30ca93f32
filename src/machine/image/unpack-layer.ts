import { createHash } from 'node:crypto'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure, messageOf } from '../../failure.ts'
import { setExtendedAttribute } from '../linux/files.ts'
import { invalidArchive, nameAsText, nameFromText, NO_XATTRS, quoteName, type TarEntry } from './tar-entry.ts'
import { TarReader } from './tar-reader.ts'
import { ARCHIVE_END, buildTarHeader, buildTarPadding } from './tar-writer.ts'
import { LayerContents } from './unpack-layer-contents.ts'
import { decompress } from './unpack-layer-decompress.ts'
import { type Extraction, startExtraction } from './unpack-layer-extract.ts'
import { DEFAULT_UNPACK_LIMITS, type UnpackLimits, UnpackMeter } from './unpack-layer-limits.ts'

export interface UnpackLayerOptions {
  /** For messages; what the layer really is, its first bytes tell. */
  readonly mediaType: string
  /** Exists and is empty. After a failure the caller removes it. */
  readonly targetDir: string
  /** `sha256:…` of the uncompressed layer: the image config's `rootfs.diff_ids`. */
  readonly expectedDiffId: string
  readonly limits?: UnpackLimits
  readonly signal: AbortSignal
}

/** What goes to tar at once; less would cost a system call and a wake-up each. */
const WRITE_BYTES = 64 * 1024

/**
 * Unpacks one layer into a lower directory of an overlay: decompresses, verifies, extracts with owners, modes, times and
 * attributes; whiteouts become overlayfs' own. tar sees only headers that were understood, judged and written anew here,
 * so nothing that an archive holds is read in two ways.
 *
 * @returns size of the uncompressed archive, and how many things were extracted.
 * @throws Failure ImageArchiveInvalid naming the entry; SystemCallFailed (a full disk …); Interrupted after an abort.
 *   What the source throws is thrown as it is. No tar is left running in any case.
 */
export async function unpackLayer(
  source: AsyncIterable<Uint8Array>,
  options: UnpackLayerOptions,
): Promise<{ readonly unpackedBytes: number; readonly entries: number }> {
  const { targetDir, expectedDiffId, mediaType, signal } = options
  const meter = new UnpackMeter(options.limits ?? DEFAULT_UNPACK_LIMITS)
  const layer = new LayerStream(meter)
  try {
    // The layer may bring its own '/'; without one, it is everybody's to read.
    await chmod(targetDir, 0o755)
    await using extraction = startExtraction(targetDir)
    const diffId = await feed(abortable(source, signal), { meter, layer, extraction })
    if (diffId !== expectedDiffId) {
      throw invalidArchive(
        `its uncompressed content is ${diffId}, not what the image config says; pull or load it again`,
      )
    }
    for (const bytes of layer.end()) await extraction.write(bytes)
    await extraction.finish()
    signal.throwIfAborted()
    markOpaque(targetDir, layer.opaqueDirectories())
  } catch (error) {
    throw withContext(error, `unpack layer "${expectedDiffId}" (${mediaType})`, signal)
  }
  return { unpackedBytes: meter.unpackedBytes, entries: meter.entries }
}

/** Gives the digest of what went through. */
async function feed(
  source: AsyncIterable<Uint8Array>,
  to: { readonly meter: UnpackMeter; readonly layer: LayerStream; readonly extraction: Extraction },
): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of decompress(to.meter.countCompressed(source))) {
    to.meter.addUnpacked(chunk.length)
    hash.update(chunk)
    for (const bytes of to.layer.push(chunk)) await to.extraction.write(bytes)
  }
  to.layer.finish()
  return `sha256:${hash.digest('hex')}`
}

/** Turns a layer's bytes into the bytes that tar gets. */
class LayerStream {
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

function markOpaque(targetDir: string, directories: readonly string[]): void {
  for (const directory of directories) {
    const text = nameAsText(directory)
    if (nameFromText(text) !== directory) {
      throw invalidArchive(`directory ${quoteName(directory)}: it is opaque, and its name is not UTF-8`)
    }
    setExtendedAttribute(join(targetDir, text), 'trusted.overlay.opaque', 'y')
  }
}

/** Ends with the signal's reason as soon as it is aborted, even while the source gives nothing. */
async function* abortable(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  signal.throwIfAborted()
  const iterator = source[Symbol.asyncIterator]()
  let stopWaiting: (reason: unknown) => void = () => undefined
  const onAbort = () => stopWaiting(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    for (;;) {
      signal.throwIfAborted()
      const next = await new Promise<IteratorResult<Uint8Array, unknown>>((resolve, reject) => {
        stopWaiting = reject
        iterator.next().then(resolve, reject)
      })
      if (next.done === true) return
      yield next.value
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    // Not waited for: a source that is silent does not answer this either. It has nothing more to say that matters.
    iterator.return?.().then(
      () => undefined,
      () => undefined,
    )
  }
}

function withContext(error: unknown, doing: string, signal: AbortSignal): unknown {
  if (signal.aborted) return new Failure('Interrupted', `${doing}: stopped before its end`, { cause: signal.reason })
  if (!(error instanceof Failure)) return error
  return new Failure(error.reason, `${doing}: ${messageOf(error)}`, { cause: error })
}
