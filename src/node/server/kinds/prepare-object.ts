import { rfc3339 } from '../../../kube/api/rfc3339.ts'
import { checkStructure } from '../../../kube/api/check-structure.ts'
import type { Parsed, Problem } from '../../../kube/api/problem.ts'
import { checkMetadata } from '../../../kube/api/rules/metadata.ts'
import type { KubeObject } from '../../store/store.ts'
import type { Admission } from './kind.ts'

const LONGEST_GENERATED_NAME = 63

/** Metadata that only the server writes: what a client says of it is not heard. */
const SERVERS_OWN = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
] as const

/** Types and metadata, for kinds whose rules need no more. `typeName` is the type's name in kube/api/schema.ts. */
export function checkObject(value: KubeObject, typeName: string): Parsed<KubeObject> {
  const structure = checkStructure(value, typeName)
  if (structure.findings.length > 0) return { ok: false, problems: structure.findings }
  const object = structure.value as unknown as KubeObject
  const problems = checkMetadata(object.metadata, 'metadata')
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: object }
}

/** The object with the metadata of one that was just created. */
export function admitObject<T extends KubeObject>(object: T, { uid, nowMs, nameSuffix }: Admission): T {
  const metadata = { ...object.metadata }
  for (const field of SERVERS_OWN) Reflect.deleteProperty(metadata, field)
  const { name = '', generateName = '' } = metadata
  const generated = generateName.slice(0, LONGEST_GENERATED_NAME - nameSuffix.length) + nameSuffix
  const creationTimestamp = rfc3339(nowMs)
  return { ...object, metadata: { ...metadata, name: name === '' ? generated : name, uid, creationTimestamp } }
}

/** The new metadata, with what is the server's own as it was. */
export function keepServersOwn(next: KubeObject, current: KubeObject): KubeObject['metadata'] {
  const metadata: Record<string, unknown> = { ...next.metadata }
  for (const field of SERVERS_OWN) {
    if (current.metadata[field] === undefined) Reflect.deleteProperty(metadata, field)
    else metadata[field] = current.metadata[field]
  }
  return metadata
}

/** A copy that lacks one field, whether or not its type knows it. */
export function without<T extends object>(object: T, field: string): T {
  const copy = { ...object }
  Reflect.deleteProperty(copy, field)
  return copy
}

/** The current object with the status of another one. Everything else of that one is not heard, as in Kubernetes. */
export function replaceStatus<T extends KubeObject & { readonly status?: unknown }>(
  value: KubeObject & { readonly status?: unknown },
  current: T,
  typeName: string,
): Parsed<T> {
  const candidate = { ...current, status: value.status }
  const problems: readonly Problem[] = checkStructure(candidate, typeName).findings
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: candidate }
}
