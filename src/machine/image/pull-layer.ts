import { Failure } from '../../failure.ts'
import { openByteChannel } from './byte-channel.ts'
import type { ContentStore } from './content-store.ts'
import type { PullProgress } from './image.ts'
import type { LayerRecord } from './image-index.ts'
import { downloadBlob } from './registry/download-blob.ts'
import { isTransient } from './registry/registry-error.ts'
import { describeError } from './registry/registry-failure.ts'
import type { RegistryConnection } from './registry/registry-connection.ts'
import type { RetryPolicy } from './registry/retry.ts'
import type { Audience } from './shared-work.ts'
import type { UnpackedLayers } from './unpacked-layers.ts'
import { WrongContent } from './write-blob.ts'

/** How far the download of a layer may be ahead of its unpacking. */
const AHEAD_BYTES = 4 * 1024 * 1024
/** Progress is told no more often than this. */
const PROGRESS_STEP_BYTES = 512 * 1024

export interface LayerSource {
  readonly connections: readonly RegistryConnection[]
  readonly repository: string
  readonly content: ContentStore
  readonly layers: UnpackedLayers
  readonly retry: RetryPolicy
}

/** Brings a layer here, blob and unpacked files, whatever of it is missing; each byte of the network is read once. */
export async function pullLayer(layer: LayerRecord, from: LayerSource, caller: Audience<PullProgress>): Promise<void> {
  const { content, layers } = from
  const tell = (step: 'exists' | 'unpack' | 'done') =>
    caller.onProgress({ ...progressOf(layer), step, doneBytes: layer.sizeBytes })
  const hasBlob = await content.has(layer.digest)
  if (hasBlob && layers.has(layer.diffId)) {
    tell('exists')
    return
  }
  if (hasBlob) {
    tell('unpack')
    await unpackKept(layer, from, caller.signal)
  } else {
    await downloadAndUnpack(layer, from, caller)
  }
  tell('done')
}

async function unpackKept(layer: LayerRecord, { content, layers }: LayerSource, signal: AbortSignal): Promise<void> {
  await layers.add(layer, content.read(layer.digest), signal)
}

async function downloadAndUnpack(layer: LayerRecord, from: LayerSource, caller: Audience<PullProgress>): Promise<void> {
  const used = { oldBytes: 0 }
  try {
    await onePass(layer, from, caller, (offsetBytes) => (used.oldBytes = offsetBytes))
  } catch (error) {
    // What an earlier pull left may be what is wrong: it is gone now, so the second try takes everything anew.
    if (used.oldBytes === 0 || !isWrong(error)) throw error
    await onePass(layer, from, caller, () => undefined)
  }
}

function isWrong(error: unknown): boolean {
  return error instanceof WrongContent || (error instanceof Failure && error.reason === 'ImageArchiveInvalid')
}

/** Network → hash → file, and on the way → unpack. */
async function onePass(
  layer: LayerRecord,
  from: LayerSource,
  caller: Audience<PullProgress>,
  onStart: (offsetBytes: number) => void,
): Promise<void> {
  const { content, layers } = from
  const stop = new AbortController()
  const signal = AbortSignal.any([caller.signal, stop.signal])
  const channel = layers.has(layer.diffId) ? undefined : openByteChannel(AHEAD_BYTES)
  let unpackError: { readonly error: unknown } | undefined
  const unpacked =
    channel &&
    layers.add(layer, channel, signal).catch((error: unknown) => {
      unpackError = { error }
      stop.abort(error)
      // Whoever writes must not wait for a reader that never began.
      channel.fail(error)
    })
  const count = progressCounter(layer, caller)
  try {
    await content.writeResuming(layer, {
      open: (offsetBytes) => {
        onStart(offsetBytes)
        return downloadBlob({ ...from, blob: layer, offsetBytes, retry: retryOptions(layer, from, caller, signal) })
      },
      onChunk: async (chunk) => {
        count(chunk.length)
        await channel?.write(chunk)
        if (unpackError !== undefined) throw unpackError.error as Error
      },
      isWorthKeeping: (error) => caller.signal.aborted || (unpackError === undefined && isTransient(error, true)),
    })
    channel?.end()
  } catch (error) {
    channel?.fail(error)
    await unpacked
    // Whichever came first: the download broke off because the layer was refused, or the other way round.
    throw stop.signal.aborted ? stop.signal.reason : error
  }
  await unpacked
  if (unpackError !== undefined) await refuseBlob(layer, content, unpackError.error)
}

/** A blob whose digest is right and whose content is not is of no use to anybody. */
async function refuseBlob(layer: LayerRecord, content: ContentStore, error: unknown): Promise<never> {
  if (isWrong(error)) await content.remove(layer.digest)
  throw error as Error
}

function retryOptions(
  layer: LayerRecord,
  { connections, retry }: LayerSource,
  caller: Audience<PullProgress>,
  signal: AbortSignal,
) {
  const onRetry = (attempt: number, error: unknown) => {
    const message = describeError(connections[0]?.host ?? 'the registry', error)
    caller.onProgress({ is: 'retry', digest: layer.digest, attempt, message })
  }
  return { policy: retry, signal, wasReached: true, onRetry }
}

function progressOf(layer: LayerRecord) {
  return { is: 'layer', digest: layer.digest, totalBytes: layer.sizeBytes } as const
}

function progressCounter(layer: LayerRecord, caller: Audience<PullProgress>): (bytes: number) => void {
  let doneBytes = 0
  let toldBytes = -PROGRESS_STEP_BYTES
  return (bytes) => {
    doneBytes += bytes
    const isWhole = doneBytes >= layer.sizeBytes
    if (!isWhole && doneBytes - toldBytes < PROGRESS_STEP_BYTES) return
    toldBytes = doneBytes
    caller.onProgress({ ...progressOf(layer), step: isWhole ? 'unpack' : 'download', doneBytes })
  }
}
