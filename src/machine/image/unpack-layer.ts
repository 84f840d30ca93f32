import { createHash } from 'node:crypto'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure, messageOf } from '../../failure.ts'
import { setExtendedAttribute } from '../linux/files.ts'
import { invalidArchive, nameAsText, nameFromText, quoteName } from './tar-entry.ts'
import { abortable } from './unpack-layer-abortable.ts'
import { decompress } from './unpack-layer-decompress.ts'
import { type Extraction, startExtraction } from './unpack-layer-extract.ts'
import { DEFAULT_UNPACK_LIMITS, type UnpackLimits, UnpackMeter } from './unpack-layer-limits.ts'
import { LayerStream } from './unpack-layer-stream.ts'

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

function markOpaque(targetDir: string, directories: readonly string[]): void {
  for (const directory of directories) {
    const text = nameAsText(directory)
    if (nameFromText(text) !== directory) {
      throw invalidArchive(`directory ${quoteName(directory)}: it is opaque, and its name is not UTF-8`)
    }
    setExtendedAttribute(join(targetDir, text), 'trusted.overlay.opaque', 'y')
  }
}

function withContext(error: unknown, doing: string, signal: AbortSignal): unknown {
  if (signal.aborted) return new Failure('Interrupted', `${doing}: stopped before its end`, { cause: signal.reason })
  if (!(error instanceof Failure)) return error
  return new Failure(error.reason, `${doing}: ${messageOf(error)}`, { cause: error })
}
