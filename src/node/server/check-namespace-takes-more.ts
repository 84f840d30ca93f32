import { Failure } from '../../failure.ts'
import { NAMESPACES } from '../store/resources.ts'
import { notFound } from '../store/store-failure.ts'
import type { KubeObject, Resource, Store } from '../store/store.ts'

/**
 * Whether something may be created in the namespace: it must be there and not on its way out.
 *
 * @throws Failure NotFound, Forbidden
 * @see the NamespaceLifecycle admission plugin of k8s.io/apiserver
 */
export function checkNamespaceTakesMore(
  store: Store,
  namespace: string,
  { resource, value }: { readonly resource: Resource; readonly value: KubeObject },
): void {
  const found = store.get(NAMESPACES, { name: namespace })
  if (found === undefined) throw notFound(NAMESPACES, namespace)
  if (found.status?.phase !== 'Terminating') return
  const { group, plural } = resource
  const { name = '', generateName = '' } = value.metadata
  const shown = name === '' ? generateName : name
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`
  const where = group === '' ? plural : `${plural}.${group}`
  throw new Failure('Forbidden', `${where} ${JSON.stringify(shown)} is forbidden: ${why}`, {
    details: {
      name: shown,
      ...(group === '' ? {} : { group }),
      kind: plural,
      causes: [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    },
  })
}
