import type { ParsedDocument } from './parse-manifests.ts'
import { readManifests } from './parse-manifests.ts'
import type { PodManifest } from './parse-pod.ts'
import { examinePod } from './parse-pod.ts'
import type { Parsed, Problem } from './problem.ts'
import { refuseNotCarriedOut } from './refuse-not-carried-out.ts'
import { duplicate } from './rules/finding.ts'

/** The Pods among the objects of a text; any other kind is a problem, and so is a Pod that appears twice. */
export function toPods(documents: readonly ParsedDocument[]): Parsed<readonly PodManifest[]> {
  return parsed(examineAll(documents, () => []))
}

/**
 * The Pods of a YAML or JSON text, ready to be run: well-formed, valid, and asking for nothing that peapod does not
 * carry out; or all problems of all documents, in the order of the text.
 */
export function parsePodManifests(text: string, file: string): Parsed<readonly PodManifest[]> {
  const { documents, problems } = readManifests(text, file)
  const examined = examineAll(documents, refuseNotCarriedOut)
  return parsed({ pods: examined.pods, problems: [...problems, ...examined.problems].sort(byPosition) })
}

interface Examined {
  readonly pods: readonly PodManifest[]
  readonly problems: readonly Problem[]
}

function examineAll(documents: readonly ParsedDocument[], refuse: (pod: PodManifest) => readonly Problem[]): Examined {
  const pods: PodManifest[] = []
  const problems: Problem[] = []
  const taken = new Set<string>()
  for (const document of documents) {
    if (document.kind !== 'Pod') {
      problems.push(document.locate(notAPod(document.kind)))
      continue
    }
    const { manifest, findings } = examinePod(document.value, document.writtenAs)
    problems.push(...findings.map(document.locate), ...refuse(manifest).map(document.locate))
    pods.push(manifest)
    const { namespace, name } = manifest.metadata
    if (name === undefined) continue
    if (taken.has(`${namespace}/${name}`)) problems.push(document.locate(duplicate('metadata.name', name)))
    taken.add(`${namespace}/${name}`)
  }
  return { pods, problems }
}

function notAPod(kind: string): Problem {
  return { field: 'kind', message: `kind ${kind} is not carried out yet; peapod runs Pods`, reason: 'NotCarriedOut' }
}

function parsed({ pods, problems }: Examined): Parsed<readonly PodManifest[]> {
  return problems.length === 0 ? { ok: true, value: pods } : { ok: false, problems }
}

function byPosition({ at: one }: Problem, { at: other }: Problem): number {
  if (one === undefined || other === undefined) return 0
  return one.line - other.line || one.column - other.column
}
