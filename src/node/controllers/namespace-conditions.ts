import type { V1NamespaceCondition } from '@kubernetes/client-node'
import { rfc3339 } from '../../kube/api/rfc3339.ts'
import type { Json } from '../../kube/api/pod.ts'
import type { KubeObject, Resource } from '../store/store.ts'

type Condition = Json<V1NamespaceCondition>

/** The objects of one resource that are still in a namespace. */
export interface Remaining {
  readonly resource: Resource
  readonly objects: readonly KubeObject[]
}

/**
 * What a namespace that is being emptied says of it.
 *
 * @param before its conditions so far: the instant of one that stays as it is stays, too.
 * @see pkg/controller/namespace/deletion of Kubernetes, whose words these are
 */
export function namespaceConditions(
  remaining: readonly Remaining[],
  before: readonly Condition[],
  nowMs: number,
): readonly Condition[] {
  const content = remaining.map(
    ({ resource, objects }) => `${nameOf(resource)} has ${objects.length} resource instances`,
  )
  const holding = countFinalizers(remaining)
  const finalizers = [...holding].map(([name, count]) => `${name} in ${count} resource instances`)
  const conditions: Omit<Condition, 'lastTransitionTime'>[] = [
    condition('NamespaceDeletionDiscoveryFailure', 'ResourcesDiscovered', 'All resources successfully discovered'),
    condition(
      'NamespaceDeletionGroupVersionParsingFailure',
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ),
    condition(
      'NamespaceDeletionContentFailure',
      'ContentDeleted',
      'All content successfully deleted, may be waiting on finalization',
    ),
    content.length === 0
      ? condition('NamespaceContentRemaining', 'ContentRemoved', 'All content successfully removed')
      : {
          ...condition('NamespaceContentRemaining', 'SomeResourcesRemain', ''),
          status: 'True',
          message: `Some resources are remaining: ${content.join(', ')}`,
        },
    finalizers.length === 0
      ? condition(
          'NamespaceFinalizersRemaining',
          'ContentHasNoFinalizers',
          'All content-preserving finalizers finished',
        )
      : {
          ...condition('NamespaceFinalizersRemaining', 'SomeFinalizersRemain', ''),
          status: 'True',
          message: `Some content in the namespace has finalizers remaining: ${finalizers.join(', ')}`,
        },
  ]
  const now = rfc3339(nowMs)
  return conditions.map((each) => {
    const known = before.find(({ type, status }) => type === each.type && status === each.status)
    return { ...each, lastTransitionTime: known?.lastTransitionTime ?? now }
  })
}

function condition(type: string, reason: string, message: string): Omit<Condition, 'lastTransitionTime'> {
  return { type, status: 'False', reason, message }
}

function nameOf({ group, plural }: Resource): string {
  return `${plural}.${group}`
}

function countFinalizers(remaining: readonly Remaining[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { metadata } of remaining.flatMap(({ objects }) => objects)) {
    for (const name of metadata.finalizers ?? []) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return new Map([...counts].sort(([one], [other]) => (one < other ? -1 : 1)))
}
