import { Failure } from '../../../failure.ts'
import { formatProblem } from '../../../kube/api/format-problem.ts'
import { readManifests, type ParsedDocument } from '../../../kube/api/parse-manifests.ts'
import { examinePod, type PodManifest } from '../../../kube/api/parse-pod.ts'
import type { Problem } from '../../../kube/api/problem.ts'
import { refuseNotCarriedOut } from '../../../kube/api/refuse-not-carried-out.ts'
import { toPods } from '../../../kube/api/to-pods.ts'
import type { CliEnvironment } from '../cli-environment.ts'
import { readTexts } from '../read-texts.ts'
import { examineSource, isSource, type SourceManifest } from './examine-source.ts'
import { imagesOf, replaceImages, type ImageReplacement } from './replace-images.ts'

export interface PodsWanted {
  /** Files, directories, `-` for standard input. */
  readonly files: readonly string[]
  readonly replacements: readonly ImageReplacement[]
  /** For pods that name none; absent: Kubernetes' default. */
  readonly namespace: string | undefined
  readonly environment: Pick<CliEnvironment, 'stdin' | 'cwd'>
}

export interface PodsRead {
  /** Lines for standard error: everything that is wrong, or warnings. */
  readonly messages: readonly string[]
  /** Absent when something is wrong. */
  readonly pods?: readonly PodManifest[]
  /** What is to be there before the pods are. */
  readonly sources: readonly SourceManifest[]
}

/** @throws Failure UsageError when a file cannot be read or there is none. */
export async function readPods(wanted: PodsWanted): Promise<PodsRead> {
  const texts = (await Promise.all(wanted.files.map((file) => readTexts(file, wanted.environment)))).flat()
  const reading = texts.map(async ({ text, file }) => {
    const { documents, problems } = readManifests(text, file)
    const examined = await Promise.all(documents.map((document) => examine(rewrite(document, wanted))))
    return {
      file,
      images: documents.flatMap((document) => imagesOf(document.value)),
      problems: [...problems, ...examined.flatMap((one) => one.problems)].sort(byPosition),
      pods: examined.flatMap(({ manifest }) => manifest ?? []),
      sources: examined.flatMap(({ source }) => source ?? []),
    }
  })
  const read = await Promise.all(reading)
  const problems = read.flatMap((one) => one.problems)
  const messages = [...problems.map(formatProblem), ...repeated(read)]
  const sources = read.flatMap((one) => one.sources)
  if (messages.length > 0) return { messages, sources }
  const pods = read.flatMap((one) => one.pods)
  if (pods.length === 0) throw new Failure('UsageError', `there is no Pod in ${wanted.files.join(', ')}`)
  return {
    messages: unusedReplacements(
      wanted.replacements,
      read.flatMap((one) => one.images),
    ),
    pods,
    sources,
  }
}

function rewrite(document: ParsedDocument, { replacements, namespace }: PodsWanted): ParsedDocument {
  const value = replaceImages(document.value, replacements)
  const { metadata } = value
  if (namespace === undefined || !isRecord(metadata) || metadata['namespace'] !== undefined) {
    return { ...document, value }
  }
  return { ...document, value: { ...value, metadata: { ...metadata, namespace } } }
}

interface Examined {
  readonly problems: readonly Problem[]
  readonly manifest?: PodManifest
  readonly source?: SourceManifest
}

async function examine(document: ParsedDocument): Promise<Examined> {
  if (isSource(document)) return examineSource(document)
  if (document.kind !== 'Pod') {
    const refused = toPods([document])
    return { problems: refused.ok ? [] : refused.problems }
  }
  const { manifest, findings } = examinePod(document.value, document.writtenAs)
  const problems = [...findings, ...refuseNotCarriedOut(manifest)].map(document.locate)
  return { problems, manifest }
}

interface ReadFile {
  readonly file: string
  readonly pods: readonly PodManifest[]
  readonly sources: readonly SourceManifest[]
}

/** A name that appears twice among objects of a kind, also in different files. */
function repeated(read: readonly ReadFile[]): readonly string[] {
  const seen = new Map<string, string>()
  return read.flatMap(({ file, pods, sources }) =>
    [...pods, ...sources].flatMap(({ kind, metadata: { namespace, name } }) => {
      if (name === undefined) return []
      const id = `${kind} ${namespace}/${name}`
      const first = seen.get(id)
      seen.set(id, first ?? file)
      return first === undefined
        ? []
        : [`${file}: metadata.name: Duplicate value: ${JSON.stringify(name)} (also in ${first})`]
    }),
  )
}

function unusedReplacements(replacements: readonly ImageReplacement[], images: readonly string[]): readonly string[] {
  const there = [...new Set(images)].map((image) => JSON.stringify(image)).join(', ')
  return replacements
    .filter((one) => one.from === 'flag' && !images.some((image) => one.fits(image)))
    .map(({ name }) => `peapod: warning: --image ${name}=…: no container uses this image; there are ${there}`)
}

function byPosition({ at: one }: Problem, { at: other }: Problem): number {
  if (one === undefined || other === undefined) return 0
  return one.line - other.line || one.column - other.column
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
