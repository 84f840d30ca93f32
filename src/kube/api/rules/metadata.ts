import type { V1ObjectMeta } from '@kubernetes/client-node'
import type { Draft, Finding } from './finding.ts'
import { forbidden, invalid, invalidFor, isEmpty, required, tooLong } from './finding.ts'
import { brokenByLabel, brokenByLabelValue, brokenByQualifiedName, brokenBySubdomain } from './names.ts'

const ANNOTATIONS_LIMIT_BYTES = 256 * 1024

/** The sentences that a name breaks. */
export type NameRule = (name: string) => string[]

/**
 * metadata of an object.
 *
 * @param nameRule of most kinds: a DNS subdomain.
 * Source: validation/objectmeta.go.
 */
export function checkMetadata(
  metadata: Draft<V1ObjectMeta>,
  field: string,
  nameRule: NameRule = brokenBySubdomain,
): Finding[] {
  const { name, generateName, namespace } = metadata
  return [
    ...(isEmpty(generateName) ? [] : checkGenerateName(generateName, `${field}.generateName`, nameRule)),
    ...(isEmpty(name)
      ? checkNameIsGenerated(generateName, `${field}.name`)
      : invalidFor(`${field}.name`, name, nameRule(name))),
    ...(isEmpty(namespace) ? [] : invalidFor(`${field}.namespace`, namespace, brokenByLabel(namespace))),
    ...checkLabels(metadata.labels ?? {}, `${field}.labels`),
    ...checkAnnotations(metadata.annotations ?? {}, `${field}.annotations`),
    ...checkOwners(metadata.ownerReferences ?? [], `${field}.ownerReferences`),
    ...(metadata.finalizers ?? []).flatMap((finalizer, index) =>
      checkFinalizer(finalizer, `${field}.finalizers[${index}]`),
    ),
  ]
}

export function checkLabels(labels: Draft<Record<string, string>>, field: string): Finding[] {
  return Object.entries(labels).flatMap(([key, value = '']) =>
    // Kubernetes names the map alone; a person wants to see the entry.
    [...invalidFor(field, key, brokenByQualifiedName(key)), ...invalidFor(field, value, brokenByLabelValue(value))].map(
      (finding) => ({ ...finding, place: `${field}[${key}]` }),
    ),
  )
}

function checkGenerateName(generateName: string, field: string, nameRule: NameRule): Finding[] {
  // The suffix may follow a hyphen that could not end a name.
  const masked = generateName.endsWith('-') ? `${generateName.slice(0, -1)}a` : generateName
  return invalidFor(field, generateName, nameRule(masked))
}

function checkNameIsGenerated(generateName: string | undefined, field: string): Finding[] {
  return isEmpty(generateName) ? [required(field, 'name or generateName is required')] : []
}

function checkAnnotations(annotations: Draft<Record<string, string>>, field: string): Finding[] {
  const entries = Object.entries(annotations)
  const sizeBytes = entries.reduce(
    (sum, [key, value = '']) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  )
  return [
    ...entries.flatMap(([key]) =>
      invalidFor(field, key, brokenByQualifiedName(key.toLowerCase())).map((finding) => ({
        ...finding,
        place: `${field}[${key}]`,
      })),
    ),
    ...(sizeBytes > ANNOTATIONS_LIMIT_BYTES ? [tooLong(field, ANNOTATIONS_LIMIT_BYTES)] : []),
  ]
}

function checkOwners(owners: NonNullable<Draft<V1ObjectMeta>['ownerReferences']>, field: string): Finding[] {
  const controllers = owners.flatMap((owner, index) => (owner.controller === true ? [index] : []))
  return [
    ...owners.flatMap((owner, index) => {
      const at = `${field}[${index}]`
      return [
        ...(isEmpty(owner.apiVersion) ? [invalid(`${at}.apiVersion`, '', 'version must not be empty')] : []),
        ...(isEmpty(owner.kind) ? [invalid(`${at}.kind`, '', 'kind must not be empty')] : []),
        ...(isEmpty(owner.name) ? [invalid(`${at}.name`, '', 'name must not be empty')] : []),
        ...(isEmpty(owner.uid) ? [invalid(`${at}.uid`, '', 'uid must not be empty')] : []),
      ]
    }),
    ...(controllers.length > 1
      ? [invalid(field, 'ownerReferences', 'Only one reference can have Controller set to true.')]
      : []),
  ]
}

function checkFinalizer(finalizer: string, field: string): Finding[] {
  const sentences = brokenByQualifiedName(finalizer)
  if (sentences.length > 0) return invalidFor(field, finalizer, sentences)
  const known = ['kubernetes', 'orphan', 'foregroundDeletion']
  if (finalizer.includes('/') || known.includes(finalizer)) return []
  return [forbidden(field, `name is neither a standard finalizer name nor is it fully qualified`)]
}
