import { Failure } from '../../../failure.ts'
import { formatProblem } from '../../../kube/api/format-problem.ts'
import { readManifests, type ParsedDocument } from '../../../kube/api/parse-manifests.ts'
import { examinePod, type PodManifest } from '../../../kube/api/parse-pod.ts'
import type { Problem } from '../../../kube/api/problem.ts'
import { refuseNotCarriedOut } from '../../../kube/api/refuse-not-carried-out.ts'
import { toPods } from '../../../kube/api/to-pods.ts'
import type { CliEnvironment } from '../cli-environment.ts'
import { readTexts } from '../read-texts.ts'
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
}

/** @throws Failure UsageError when a file cannot be read or there is none. */
export async function readPods(wanted: PodsWanted): Promise<PodsRead> {
  const texts = (await Promise.all(wanted.files.map((file) => readTexts(file, wanted.environment)))).flat()
  const read = texts.map(({ text, file }) => {
    const { documents, problems } = readManifests(text, file)
    const pods = documents.map((document) => examine(rewrite(document, wanted)))
    return {
      file,
      images: documents.flatMap((document) => imagesOf(document.value)),
      problems: [...problems, ...pods.flatMap((pod) => pod.problems)].sort(byPosition),
      pods: pods.flatMap((pod) => pod.manifest ?? []),
    }
  })
  const problems = read.flatMap((one) => one.problems)
  const messages = [...problems.map(formatProblem), ...repeated(read)]
  if (messages.length > 0) return { messages }
  const pods = read.flatMap((one) => one.pods)
  if (pods.length === 0) throw new Failure('UsageError', `there is no Pod in ${wanted.files.join(', ')}`)
  return {
    messages: unusedReplacements(
      wanted.replacements,
      read.flatMap((one) => one.images),
    ),
    pods,
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

function examine(document: ParsedDocument): { problems: readonly Problem[]; manifest?: PodManifest } {
  if (document.kind !== 'Pod') {
    const refused = toPods([document])
    return { problems: refused.ok ? [] : refused.problems }
  }
  const { manifest, findings } = examinePod(document.value, document.writtenAs)
  const problems = [...findings, ...refuseNotCarriedOut(manifest)].map(document.locate)
  return { problems, manifest }
}

/** A name that appears twice, also in different files. */
function repeated(
  read: readonly { readonly file: string; readonly pods: readonly PodManifest[] }[],
): readonly string[] {
  const seen = new Map<string, string>()
  return read.flatMap(({ file, pods }) =>
    pods.flatMap(({ metadata: { namespace, name } }) => {
      if (name === undefined) return []
      const first = seen.get(`${namespace}/${name}`)
      seen.set(`${namespace}/${name}`, first ?? file)
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
