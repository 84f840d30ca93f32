import { Failure } from '../../failure.ts'
import { matchesLabels, parseLabelSelector } from '../../kube/api/label-selector.ts'
import type { KubeObject, Selection } from '../store/store.ts'
import type { ApiRequest } from './api-request.ts'
import { parseFieldSelector } from './field-selector.ts'
import type { Kind } from './kinds/kind.ts'

/**
 * Which objects a list, a watch or a deletion of a collection is about.
 *
 * @throws Failure BadRequest for a selector that can't be read or a field that can't be selected by
 */
export function parseSelection({ kind, namespace, query }: ApiRequest): Selection<KubeObject> {
  const labels = parseLabelSelector(query.get('labelSelector') ?? '')
  const fields = parseFieldSelector(query.get('fieldSelector') ?? '')
  for (const { field } of fields) {
    if (!isSelectable(kind, field)) throw new Failure('BadRequest', `field label not supported: ${field}`)
  }
  if (labels.length === 0 && fields.length === 0) return { namespace }
  return {
    namespace,
    matches: (object) =>
      fields.every(({ field, equals, value }) => (valueOf(kind, object, field) === value) === equals) &&
      matchesLabels(labels, object.metadata.labels),
  }
}

function isSelectable(kind: Kind, field: string): boolean {
  return field === 'metadata.name' || field === 'metadata.namespace' || kind.selectableFields.includes(field)
}

function valueOf(kind: Kind, object: KubeObject, field: string): string {
  if (field === 'metadata.name') return object.metadata.name ?? ''
  if (field === 'metadata.namespace') return object.metadata.namespace ?? ''
  return kind.fieldValue(object, field)
}
