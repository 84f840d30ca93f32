import { Failure } from '../../../failure.ts'
import type { Pod } from '../../../kube/api/pod.ts'
import { SERVICE_ACCOUNTS } from '../../store/resources.ts'
import type { Store } from '../../store/store.ts'

/**
 * A new pod's service account must be there, where there are any: the server of a single command has none.
 * Source: plugin/pkg/admission/serviceaccount.
 *
 * @throws Failure Forbidden
 */
export function checkPodAccount(store: Store, { metadata, spec }: Pod): void {
  const { name: podName, namespace } = metadata
  const { serviceAccountName: name = 'default' } = spec
  if (store.get(SERVICE_ACCOUNTS, { namespace, name }) !== undefined) return
  // It is made a moment after its namespace, which nobody should have to wait for.
  if (name === 'default' || store.get(SERVICE_ACCOUNTS, { namespace, name: 'default' }) === undefined) return
  const why = `error looking up service account ${namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`
  throw new Failure('Forbidden', `pods ${JSON.stringify(podName)} is forbidden: ${why}`, {
    details: { name: podName, kind: 'pods' },
  })
}
