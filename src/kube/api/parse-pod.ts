import type { V1ObjectMeta } from '@kubernetes/client-node'
import type { WrittenAs } from './check-structure.ts'
import { checkStructure } from './check-structure.ts'
import { fillPodDefaults } from './pod-defaults.ts'
import type { Json, PodSpec, PodStatus } from './pod.ts'
import type { Parsed } from './problem.ts'
import type { Finding } from './rules/finding.ts'
import { required } from './rules/finding.ts'
import { checkNewPod, checkPod } from './rules/pod.ts'

/** A valid Pod with its defaults that no server has taken in yet: it may have a generateName instead of a name, and no UID. */
export interface PodManifest {
  readonly apiVersion: 'v1'
  readonly kind: 'Pod'
  readonly metadata: Omit<Json<V1ObjectMeta>, 'uid' | 'namespace'> & { readonly namespace: string }
  readonly spec: PodSpec
  readonly status?: PodStatus
}

/**
 * A Pod from JSON as somebody sent it: its types and Kubernetes' rules checked, defaults filled in, frozen; or everything
 * that is wrong with it. The problems of reasons UnknownField and FieldValueTypeInvalid are what an API server answers
 * with 400, all others with 422.
 *
 * @param stage 'stored': the Pod is there already, and may have what comes to a Pod only later.
 */
export function parsePod(value: unknown, stage: 'new' | 'stored' = 'new'): Parsed<PodManifest> {
  const { manifest, findings } = examine(value, stage)
  return findings.length === 0
    ? { ok: true, value: manifest }
    : { ok: false, problems: findings.map(({ field, message, reason }) => ({ field, message, reason })) }
}

interface Examined {
  readonly manifest: PodManifest
  readonly findings: readonly Finding[]
}

/** As parsePod, with places; `manifest` keeps the promise of its type only when there are no findings. */
export function examinePod(value: unknown, writtenAs?: WrittenAs): Examined {
  return examine(value, 'new', writtenAs)
}

function examine(value: unknown, stage: 'new' | 'stored', writtenAs?: WrittenAs): Examined {
  const structure = checkStructure(value, 'V1Pod', writtenAs)
  const pod = fillPodDefaults(structure.value)
  const ruled = [...checkPod(pod), ...(stage === 'new' ? checkNewPod(pod) : [])].filter(
    (finding) => !isBelowAny(finding.place ?? finding.field, structure.broken),
  )
  const findings = [...structure.findings, ...ruled]
  const reported = findings.map((finding) => finding.place ?? finding.field)
  const missing = structure.missing.filter(
    (path) =>
      !isBelowAny(path, structure.broken) &&
      !reported.some((each) => isBelowAny(path, [each]) || isBelowAny(each, [path])),
  )
  // The Draft holds no undefined where a Pod needs a value, or there is a finding that says so.
  const manifest = freezeDeeply(pod) as unknown as PodManifest
  return { manifest, findings: [...findings, ...missing.map((path) => required(path))] }
}

function isBelowAny(path: string, paths: readonly string[]): boolean {
  return paths.some(
    (each) => path === each || path.startsWith(`${each}.`) || path.startsWith(`${each}[`) || each === '',
  )
}

function freezeDeeply<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  Object.values(value).forEach(freezeDeeply)
  return Object.freeze(value)
}
