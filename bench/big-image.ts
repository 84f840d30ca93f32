import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { ARCHIVE_END, buildTarHeader, buildTarPadding } from '../src/machine/image/tar-writer.ts'
import { NO_XATTRS } from '../src/machine/image/tar-entry.ts'
import type { TestImage } from '../src/machine/image/testing/make-image.ts'

const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json'
const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip'

/** How a layer is made up: how many files, how large, and which part of each is incompressible. */
interface LayerMix {
  readonly name: string
  readonly files: number
  readonly smallestBytes: number
  readonly largestBytes: number
  readonly noise: number
}

/** As images are: a system with many small files, a language's libraries, a few large programs, data, a thin top layer. */
const MIX: readonly LayerMix[] = [
  { name: 'system', files: 4000, smallestBytes: 200, largestBytes: 40_000, noise: 0.3 },
  { name: 'libraries', files: 2600, smallestBytes: 500, largestBytes: 50_000, noise: 0.25 },
  { name: 'programs', files: 14, smallestBytes: 500_000, largestBytes: 8_000_000, noise: 0.5 },
  { name: 'data', files: 8, smallestBytes: 2_000_000, largestBytes: 6_000_000, noise: 0.95 },
  { name: 'app', files: 60, smallestBytes: 100, largestBytes: 20_000, noise: 0.2 },
]
const WORDS = 'the of pod container volume return const import function image layer 0x00 error value name path'.split(
  ' ',
)

const compress = promisify(gzip)

/** An image of some 200 MB as a registry holds it (compressed), the same bytes whenever it is made. */
export async function makeBigImage(): Promise<TestImage> {
  const layers = await Promise.all(
    MIX.map(async (mix) => {
      const tar = makeTar(mix)
      return { diffId: digestOf(tar), blob: await compress(tar, { level: 6 }) }
    }),
  )
  const diffIds = layers.map(({ diffId }) => diffId)
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: { Cmd: ['/programs/0'] },
      rootfs: { type: 'layers', diff_ids: diffIds },
    }),
  )
  const blobs = layers.map(({ blob }) => blob)
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: describeBlob(config, OCI_CONFIG),
      layers: blobs.map((blob) => describeBlob(blob, OCI_LAYER)),
    }),
  )
  return {
    mediaType: OCI_MANIFEST,
    digest: digestOf(manifest),
    id: digestOf(config),
    layerDigests: blobs.map(digestOf),
    diffIds,
    manifest,
    blobs: new Map([config, ...blobs].map((blob) => [digestOf(blob), blob])),
  }
}

function makeTar(mix: LayerMix): Buffer {
  const random = randomNumbers(mix.files)
  const parts: Buffer[] = []
  for (let number = 0; number < mix.files; number += 1) {
    // Most files are small, a few are large.
    const share = (random() / 2 ** 32) ** 3
    const sizeBytes = Math.floor(mix.smallestBytes + share * 4 * (mix.largestBytes - mix.smallestBytes))
    const content = makeContent(sizeBytes, mix.noise, random)
    const name = `${mix.name}/${number % 100}/${number}`
    parts.push(buildTarHeader(fileEntry(name, sizeBytes)), content, buildTarPadding(sizeBytes))
  }
  return Buffer.concat([...parts, ARCHIVE_END])
}

function fileEntry(name: string, sizeBytes: number) {
  return {
    type: 'file',
    name,
    linkName: '',
    mode: 0o755,
    uid: 0,
    gid: 0,
    sizeBytes,
    mtimeSeconds: 1_700_000_000,
    mtimeNanoseconds: 0,
    xattrs: NO_XATTRS,
  } as const
}

/** Runs of words and runs of noise, in kilobytes by turns. */
function makeContent(sizeBytes: number, noise: number, random: () => number): Buffer {
  const content = Buffer.alloc(sizeBytes)
  for (let at = 0; at < sizeBytes; at += 1024) {
    const end = Math.min(sizeBytes, at + 1024)
    if (random() / 2 ** 32 < noise) {
      for (let offset = at; offset + 4 <= end; offset += 4) content.writeUInt32LE(random(), offset)
    } else {
      for (let offset = at; offset < end;) offset += content.write(`${WORDS[random() % WORDS.length] ?? ''} `, offset)
    }
  }
  return content
}

/** Marsaglia's xorshift: the same numbers on every machine. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state
  }
}

function describeBlob(blob: Buffer, mediaType: string) {
  return { mediaType, digest: digestOf(blob), size: blob.length }
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
