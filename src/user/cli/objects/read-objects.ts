import { Failure } from '../../../failure.ts'
import { formatProblem } from '../../../kube/api/format-problem.ts'
import { readManifests, type ParsedDocument } from '../../../kube/api/parse-manifests.ts'
import type { CliEnvironment } from '../cli-environment.ts'
import { readTexts } from '../read-texts.ts'

/** An object of a manifest, with a name; what else it says is the server's to check. */
export interface WantedObject {
  readonly apiVersion: string
  readonly kind: string
  readonly value: Readonly<Record<string, unknown>>
  readonly name: string
  /** Absent: the manifest names none. */
  readonly namespace?: string
}

export interface ObjectsRead {
  /** Lines for standard error: everything that keeps the manifests from being used. */
  readonly problems: readonly string[]
  readonly objects: readonly WantedObject[]
}

/**
 * Every object of some manifests, in the order in which they are to be made: namespaces, then what Pods use, then Pods.
 *
 * @throws Failure UsageError when a file cannot be read or there is no object in any.
 */
export async function readObjects(
  files: readonly string[],
  environment: Pick<CliEnvironment, 'stdin' | 'cwd'>,
): Promise<ObjectsRead> {
  const texts = (await Promise.all(files.map((file) => readTexts(file, environment)))).flat()
  const read = texts.map(({ text, file }) => {
    const { documents, problems } = readManifests(text, file, 'any')
    const named = documents.map((document) => nameOf(document, file))
    return {
      problems: [...problems.map(formatProblem), ...named.flatMap(({ problem }) => problem ?? [])],
      objects: named.flatMap(({ object }) => object ?? []),
    }
  })
  const problems = read.flatMap((one) => one.problems)
  const objects = read.flatMap((one) => one.objects)
  if (problems.length === 0 && objects.length === 0) {
    throw new Failure('UsageError', `there is no object in ${files.join(', ')}`)
  }
  return { problems, objects: objects.toSorted((one, other) => rankOf(one) - rankOf(other)) }
}

function nameOf(document: ParsedDocument, file: string): { readonly object?: WantedObject; readonly problem?: string } {
  const { apiVersion, kind, value } = document
  const metadata = isRecord(value['metadata']) ? value['metadata'] : {}
  const { name, namespace } = metadata
  if (typeof name === 'string' && name !== '') {
    return { object: { apiVersion, kind, value, name, ...(typeof namespace === 'string' ? { namespace } : {}) } }
  }
  const isGenerated = typeof metadata['generateName'] === 'string'
  const why = isGenerated ? 'generateName does not go with it: what is there is to be found again' : 'Required value'
  return { problem: `${file}: ${kind}: metadata.name: ${why}` }
}

/** What others need comes first; each rank keeps the order of the manifests. */
function rankOf({ kind }: WantedObject): number {
  if (kind === 'Namespace') return 0
  if (kind === 'CustomResourceDefinition' || kind === 'PriorityClass' || kind === 'RuntimeClass') return 1
  return MAKES_PODS.has(kind) ? 3 : 2
}

const MAKES_PODS: ReadonlySet<string> = new Set([
  'Pod',
  'ReplicationController',
  'ReplicaSet',
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'Job',
  'CronJob',
])

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
