import type { V1ConfigMap, V1Secret } from '@kubernetes/client-node'
import { checkStructure } from '../../../kube/api/check-structure.ts'
import type { ParsedDocument } from '../../../kube/api/parse-manifests.ts'
import type { Json } from '../../../kube/api/pod.ts'
import type { Problem } from '../../../kube/api/problem.ts'
import { checkConfigMap } from '../../../kube/api/rules/config-map.ts'
import type { Draft, Finding } from '../../../kube/api/rules/finding.ts'
import { checkMetadata } from '../../../kube/api/rules/metadata.ts'
import { checkSecret } from '../../../kube/api/rules/secret.ts'
import { fieldsOf, loadAllTypes } from '../../../kube/api/schema.ts'
import { fillSecretDefaults } from '../../../kube/api/secret-defaults.ts'

/** A ConfigMap or a Secret that Pods of the same command take values and files from. */
export interface SourceManifest {
  readonly apiVersion: 'v1'
  readonly kind: SourceKind
  readonly metadata: { readonly name?: string; readonly generateName?: string; readonly namespace: string }
}

export type SourceKind = 'ConfigMap' | 'Secret'

export function isSource({ apiVersion, kind }: ParsedDocument): boolean {
  return apiVersion === 'v1' && (kind === 'ConfigMap' || kind === 'Secret')
}

/** A ConfigMap or Secret by Kubernetes' rules, and all that is wrong with it. */
export async function examineSource(
  document: ParsedDocument,
): Promise<{ readonly problems: readonly Problem[]; readonly source: SourceManifest }> {
  const kind = document.kind as SourceKind
  const typeName = `V1${kind}`
  if (fieldsOf(typeName) === undefined) await loadAllTypes()
  const { value, findings } = checkStructure(document.value, typeName, document.writtenAs)
  const problems = findings.length > 0 ? findings : checkSource(kind, value)
  const { metadata = {} } = value as Draft<V1ConfigMap>
  const source = { ...value, apiVersion: 'v1', kind, metadata: { ...metadata, namespace: namespaceOf(metadata) } }
  return { problems: problems.map(document.locate), source: source as SourceManifest }
}

function checkSource(kind: SourceKind, value: Readonly<Record<string, unknown>>): readonly Finding[] {
  const { metadata = {} } = value as Draft<V1ConfigMap>
  const rest = kind === 'ConfigMap' ? checkConfigMap(value) : checkSecret(fillSecretDefaults(value as Json<V1Secret>))
  return [...checkMetadata(metadata, 'metadata'), ...rest]
}

function namespaceOf({ namespace = '' }: { readonly namespace?: string | undefined }): string {
  return namespace === '' ? 'default' : namespace
}
