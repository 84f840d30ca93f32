import type { Pod } from '../../../kube/api/pod.ts'
import { PODS } from '../../store/resources.ts'
import { checkPodAccount } from './check-pod-account.ts'
import type { Deletion, Kind } from './kind.ts'

const FIELDS: Readonly<Record<string, (pod: Pod) => string | undefined>> = {
  'spec.nodeName': (pod) => pod.spec.nodeName,
  'spec.restartPolicy': (pod) => pod.spec.restartPolicy,
  'spec.schedulerName': (pod) => pod.spec.schedulerName,
  'spec.serviceAccountName': (pod) => pod.spec.serviceAccountName,
  'spec.hostNetwork': (pod) => String(pod.spec.hostNetwork ?? false),
  'status.phase': (pod) => pod.status?.phase,
  'status.podIP': (pod) => pod.status?.podIP,
  'status.podIPs': (pod) => pod.status?.podIP,
  'status.nominatedNodeName': (pod) => pod.status?.nominatedNodeName,
}

export const podKind: Kind<Pod> = {
  resource: PODS,
  singular: 'pod',
  shortNames: ['po'],
  categories: ['all'],
  subresources: [
    'attach',
    'binding',
    'ephemeralcontainers',
    'eviction',
    'exec',
    'log',
    'portforward',
    'proxy',
    'resize',
    'status',
  ],
  canDeleteCollection: true,
  addedFields: [
    'spec.nodeName',
    'spec.serviceAccount',
    'spec.serviceAccountName',
    'spec.tolerations',
    'spec.priority',
    'spec.preemptionPolicy',
  ],
  selectableFields: Object.keys(FIELDS),
  fieldValue: (pod, field) => FIELDS[field]?.(pod) ?? '',
  // Kubernetes' rules for Pods are most of this server's code: reading needs none of it.
  rules: async (existing) => (await import('./pod-rules.ts')).podRules(existing),
  columns: async () => (await import('../tables/pod-columns.ts')).podColumns,
  checkWriter({ store }, pod, current) {
    if (current === undefined) checkPodAccount(store, pod)
  },
  deletion: podDeletion,
}

/**
 * A pod that has a node is left to it, which ends the containers and then removes the object (H5, H10); only a grace
 * period of 0 that was asked for takes the object away at once (H9).
 */
function podDeletion(pod: Pod, graceSeconds: number | undefined): Deletion {
  if (graceSeconds === 0 || (pod.spec.nodeName ?? '') === '') return { is: 'at-once' }
  const wanted = graceSeconds ?? pod.spec.terminationGracePeriodSeconds
  return { is: 'graceful', graceSeconds: wanted < 0 ? 1 : wanted }
}
